"""The attributes of a collection's photos: what a filter can be built from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

AttributeKind = Literal["text", "number", "boolean", "list", "object"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute. `photos` is the number of examined photos that have it, `kind` the most frequent kind of its
    values, `kinds` the photos by kind, `values` the photos by value for the most frequent values. `min` and `max` are
    set if there are numbers."""

    name: str
    kind: AttributeKind
    photos: int
    kinds: Mapping[str, int]
    distinct_values: int
    values: Mapping[str | float | bool, int]
    min: float | None
    max: float | None

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Attribute:
        return cls(
            name=body["name"],
            kind=body["kind"],
            photos=body["photos"],
            kinds=body["kinds"],
            distinct_values=body["distinct_values"],
            values={entry["value"]: entry["photos"] for entry in body["values"]},
            min=body.get("min"),
            max=body.get("max"),
        )


@dataclass(frozen=True, slots=True)
class Attributes:
    """The attributes of a collection, those of the most photos first. In a large collection only a sample of
    `sampled_photos` was examined, and all counts are counts in it. `has_more` is set beyond 100 attributes."""

    photos: int
    sampled_photos: int
    matching_photos: int
    attributes: tuple[Attribute, ...]
    has_more: bool

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Attributes:
        found = tuple(map(Attribute.from_json, body["attributes"]))
        return cls(body["photos"], body["sampled_photos"], body["matching_photos"], found, body["has_more"])
