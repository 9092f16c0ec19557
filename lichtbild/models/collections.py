"""Collections and their vector indexes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Index:
    """A collection's vector index. `photos` is the number of stored photos it covers, `reason` why a build failed."""

    type: str | None
    status: Literal["none", "building", "built", "error"]
    reason: str | None
    photos: int

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Index:
        return cls(body["type"], body["status"], body["reason"], body["photos"])


@dataclass(frozen=True, slots=True)
class Collection:
    """A set of photos whose vectors, of `dimension` numbers each, come from one model."""

    name: str
    photos: int
    model: str
    dimension: int
    index: Index

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Collection:
        index = Index.from_json(body["index"])
        return cls(body["name"], body["photos"], body["model"], body["dimension"], index)
