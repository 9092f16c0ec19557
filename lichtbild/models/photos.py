"""Stored photos, and the hits of a search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts:
    """What is known of a photo's picture; None where it is not known.

    `width` and `height` are those of the upright picture that was fetched, in pixels. `thumbnail` is the address of a
    JPEG of at most 320 pixels, which always shows the same picture and needs no key.
    """

    width: int | None = None
    height: int | None = None
    thumbnail: str | None = None


@dataclass(frozen=True, slots=True)
class Photo(PictureFacts):
    """One stored photo. `embedding` is a unit vector, set only on request."""

    photo_id: str
    url: str
    attributes: Mapping[str, Any]
    model: str | None
    embedding: tuple[float, ...] | None

    @classmethod
    def from_json(cls, body: Mapping[str, Any], api: str = "") -> Photo:
        embedding = body.get("embedding")
        vector = None if embedding is None else tuple(embedding)
        url = _absolute(body["url"], api)
        return cls(body["photo_id"], url, body["attributes"], body["model"], vector, **_picture_facts(body, api))


@dataclass(frozen=True, slots=True)
class KnownPhoto:
    """A photo that is stored under an id; `is_same` if its image has the bytes that were asked for."""

    photo_id: str
    is_same: bool
    attributes: Mapping[str, Any]

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> KnownPhoto:
        return cls(body["photo_id"], body["is_same"], body["attributes"])


@dataclass(frozen=True, slots=True)
class SimilarPhoto(PictureFacts):
    """A near-duplicate of a better hit, folded into that hit."""

    photo_id: str
    url: str
    distance: float
    attributes: Mapping[str, Any]

    @classmethod
    def from_json(cls, body: Mapping[str, Any], api: str = "") -> SimilarPhoto:
        url, facts = _absolute(body["url"], api), _picture_facts(body, api)
        return cls(body["photo_id"], url, body["distance"], body["attributes"], **facts)


@dataclass(frozen=True, slots=True)
class Hit(PictureFacts):
    """One found photo. `distance` is its cosine distance to the query, from 0 (identical) to 2 (opposite).

    `similarities` has its cosine similarity to each term of the query, in order; `similar` the near-duplicates folded
    into this hit, nearest first. `embedding` is a unit vector, set only on request.
    """

    photo_id: str
    url: str
    distance: float
    attributes: Mapping[str, Any]
    similarities: tuple[float, ...]
    similar: tuple[SimilarPhoto, ...] = ()
    embedding: tuple[float, ...] | None = field(default=None, repr=False)

    @classmethod
    def from_json(cls, body: Mapping[str, Any], api: str = "") -> Hit:
        embedding = body.get("embedding")
        return cls(
            body["photo_id"],
            _absolute(body["url"], api),
            body["distance"],
            body["attributes"],
            tuple(body["similarities"]),
            tuple(SimilarPhoto.from_json(photo, api) for photo in body.get("similar", ())),
            None if embedding is None else tuple(embedding),
            **_picture_facts(body, api),
        )


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of a text: the model has read `used` tokens `of` so many. If it has read fewer, the end of the text had no
    effect."""

    used: int
    of: int

    @classmethod
    def from_json(cls, body: Mapping[str, Any] | None) -> Tokens | None:
        return cls(body["used"], body["of"]) if body else None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The hits of a search, nearest first; also a sequence of them: it has a length and can be iterated and indexed.

    A notebook shows it as a contact sheet, rich as a table.

    `weights` are the terms' shares of the query, `tokens` how much of each text the model has read. `searchable_photos`
    is the number of photos searched, `pending_photos` the number of items that running ingests have yet to settle.
    `took_ms` has the milliseconds of `queue`, `encode`, `search`, and `after_job` if the search waited for a job. `raw`
    is the API's answer.
    """

    hits: tuple[Hit, ...]
    model: str
    searchable_photos: int
    took_ms: Mapping[str, float]
    raw: Mapping[str, Any] = field(repr=False, compare=False)
    weights: tuple[float, ...] = ()
    pending_photos: int = 0
    tokens: tuple[Tokens | None, ...] = ()

    @classmethod
    def from_json(cls, body: Mapping[str, Any], api: str = "") -> SearchResult:
        """`weights`, `pending_photos` and `tokens` are absent from the answers of older APIs."""
        hits = tuple(Hit.from_json(hit, api) for hit in body["hits"])
        weights, pending = tuple(body.get("weights", ())), body.get("pending_photos", 0)
        tokens = tuple(map(Tokens.from_json, body.get("tokens") or ()))
        return cls(hits, body["model"], body["searchable_photos"], body["took_ms"], body, weights, pending, tokens)

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __getitem__(self, rank: int) -> Hit:
        return self.hits[rank]

    def _repr_html_(self) -> str:
        from lichtbild.display.html import result_html

        return result_html(self)

    def __rich__(self) -> Any:
        from lichtbild.display.tables import rich_table

        return rich_table(self)

    def to_pandas(self) -> Any:
        """A `pandas.DataFrame` with one row per hit; `attributes` are dicts. Raises MissingPackage without pandas."""
        from lichtbild.display.tables import data_frame

        return data_frame(self)

    def to_arrow(self) -> Any:
        """A `pyarrow.Table` with one row per hit; `attributes` are JSON. Raises MissingPackage without pyarrow."""
        from lichtbild.display.tables import arrow_table

        return arrow_table(self)

    def save(self, path: str | Path, text: str | None = None) -> None:
        """Download the hits' pictures and write them as a contact sheet (.png, .jpg or .webp), with `text` next to it.

        Raises MissingPackage without the extra `cli`, OSError, and ValueError for another suffix.
        """
        from lichtbild.display.sheet import save_sheet

        save_sheet(self, path, text)


def _picture_facts(body: Mapping[str, Any], api: str) -> dict[str, Any]:
    """The fields of PictureFacts; APIs before thumbnails send none of them."""
    thumbnail = body.get("thumbnail")
    return {
        "width": body.get("width"),
        "height": body.get("height"),
        "thumbnail": None if thumbnail is None else _absolute(thumbnail, api),
    }


def _absolute(url: str, api: str) -> str:
    return api + url if url.startswith("/") else url
