"""Vectors of texts and images that are not stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lichtbild.models.photos import Tokens
from lichtbild.models.problem import JobError


@dataclass(frozen=True, slots=True)
class Embedding:
    """The vector of one input, a unit vector; or None, and `error` with the reason. `tokens` is set for a text."""

    vector: tuple[float, ...] | None = field(repr=False)
    error: JobError | None
    tokens: Tokens | None

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Embedding:
        vector, error = body["embedding"], body["error"]
        return cls(
            None if vector is None else tuple(vector),
            JobError(error["code"], error["detail"]) if error else None,
            Tokens.from_json(body.get("tokens")),
        )


@dataclass(frozen=True, slots=True)
class Embeddings:
    """The vectors of several inputs, in their order; also a sequence of them. Each has `dimension` numbers; vectors of
    one `model` can be compared."""

    embeddings: tuple[Embedding, ...]
    model: str
    dimension: int
    took_ms: Mapping[str, float]

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Embeddings:
        embeddings = tuple(map(Embedding.from_json, body["embeddings"]))
        return cls(embeddings, body["model"], body["dimension"], body["took_ms"])

    def __len__(self) -> int:
        return len(self.embeddings)

    def __iter__(self) -> Iterator[Embedding]:
        return iter(self.embeddings)

    def __getitem__(self, place: int) -> Embedding:
        return self.embeddings[place]
