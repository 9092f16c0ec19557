"""The results of searches and embeddings, shaped as clients see them and as the ledger stores them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.domain.documented import Documented


@dataclass(frozen=True, slots=True)
class JobError(Documented):
    """Why a job failed or paused itself."""

    code: str
    """A code of a failed item or search, or `too_many_failures`."""
    detail: str
    """The reason, for people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFacts(Documented):
    """What is known of a photo's picture."""

    width: int | None = None
    """Width of the upright picture that was fetched, in pixels. Absent if it was stored before this was recorded."""
    height: int | None = None
    """Its height, likewise."""
    thumbnail: str | None = None
    """Address of a JPEG of at most 320 pixels, if there is one. It always shows the same picture."""


@dataclass(frozen=True, slots=True)
class FoundPhoto(PictureFacts):
    """A photo that a search found."""

    photo_id: str
    """Its id."""
    url: str
    """As it was ingested; of an upload the address of its thumbnail, empty if it has none."""
    distance: float
    """Cosine distance to the query: 0 is identical, 1 unrelated, 2 opposite."""
    attributes: Mapping[str, Any]
    """As they were ingested."""


@dataclass(frozen=True, slots=True)
class Hit(FoundPhoto):
    """One place in the result of a search."""

    similarities: Sequence[float]
    """The photo's cosine similarity to each term of the query, in their order."""
    similar: Sequence[FoundPhoto] = ()
    """Near-duplicates that `group_distance` folded into this hit, nearest first."""
    embedding: Sequence[float] | None = None
    """The photo's unit vector, on request."""


@dataclass(frozen=True, slots=True)
class SearchTimes(Documented):
    """Milliseconds that a search spent in each stage."""

    queue: float
    """Until a worker took it."""
    encode: float
    """In the model, with the download of images."""
    search: float
    """In the database."""
    after_job: float | None = None
    """Time spent waiting for the job named by `after_job`."""


@dataclass(frozen=True, slots=True)
class TokensUsed(Documented):
    """How much of a text the model has read. A text with more tokens than the model reads is cut."""

    used: int
    """The tokens that the model has read, with its marks for beginning and end."""
    of: int
    """The tokens of the whole text."""


@dataclass(frozen=True, slots=True)
class SearchResult(Documented):
    """The result of a search job."""

    hits: Sequence[Hit]
    """Nearest first; equal distances are ordered by id."""
    weights: Sequence[float]
    """The share of each term in the query vector; absolute values add up to 1."""
    model: str
    """The model of the vectors."""
    searchable_photos: int
    """Photos in the collection that could be found when the search ran."""
    pending_photos: int
    """Pending items of unfinished ingests into the collection."""
    took_ms: SearchTimes
    """Where the time went."""
    tokens: Sequence[TokensUsed | None] = ()
    """Of each term; null for terms that are not texts. If `used` is less than `of`, the end of the text had no
    effect."""


@dataclass(frozen=True, slots=True)
class EmbeddingTimes(Documented):
    """Milliseconds that an embedding spent in each stage."""

    queue: float
    """Until a worker took it."""
    encode: float
    """In the model, with the download of images."""


@dataclass(frozen=True, slots=True)
class Embedding(Documented):
    """The vector of one input, or why there is none. An input that fails does not affect the others."""

    embedding: Sequence[float] | None
    """A unit vector."""
    error: JobError | None
    """As of a failed item: an unreachable URL, bytes that are not an image, a timeout."""
    tokens: TokensUsed | None = None
    """Of a text."""


@dataclass(frozen=True, slots=True)
class EmbeddingResult(Documented):
    """The result of an embedding job."""

    embeddings: Sequence[Embedding]
    """In the order of the inputs."""
    model: str
    """As of a collection: vectors of one model can be compared."""
    dimension: int
    """The length of each vector."""
    took_ms: EmbeddingTimes
    """Where the time went."""
