"""The answers of the API: one plain data class for each kind, shaped as clients see it.

A field with a default is left out of the JSON while it has that default. All others are always present.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shared.domain.documented import Documented
from shared.domain.job import Kind, Status
from shared.domain.search_results import EmbeddingResult, JobError, PictureFacts, SearchResult
from shared.errors import Fault


@dataclass(frozen=True, slots=True)
class PreflightReport(Documented):
    """The result of a preflight: what the sample predicts for the whole list."""

    tried: int
    of: int
    """Items in the whole list."""
    success_rate: float
    """Share of the tried items that could have been stored, 0 to 1."""
    bytes_per_item: int
    """Mean size of a downloaded image."""
    estimated_bytes: int
    """Bytes to download for the whole list."""
    estimated_seconds: int | None
    """Duration for the whole list at the speed of the sample; null if that speed is unknown."""


@dataclass(frozen=True, slots=True)
class PictureGroup(Documented):
    """Items of a job whose pictures have the same bytes."""

    photos: int
    """The number of these items."""
    photo_ids: Sequence[str]
    """The first three."""


@dataclass(frozen=True, slots=True)
class SamePicture(Documented):
    """Items of a job that came with the same picture, such as the placeholder of a host for photos that are gone."""

    photos: int
    """Items whose picture an earlier item of the job had. A picture is remembered for the next 10,000 others."""
    groups: Sequence[PictureGroup]
    """The ten pictures with the most items."""


@dataclass(frozen=True, slots=True)
class Progress(Documented):
    """The counts and rates of an ingest."""

    total: int
    """Items of the job: the sum of the next four."""
    pending: int
    stored: int
    failed: int
    unchanged: int
    under_way: int
    """Of `pending`: items that workers have downloaded, in chunks that are not stored yet."""
    items_per_second: float
    """Over the last minute; over the job's whole duration once it has ended."""
    eta_seconds: int | None
    bytes: int
    """Bytes of the downloaded images."""
    stage_seconds: Mapping[str, float]
    """Seconds that each stage was busy, over all workers: summed over items, divided by the stage's parallelism."""
    limited_by: str | None
    """The stage that was busy longest."""
    failed_by_code: Mapping[str, int]
    failed_by_host: Mapping[str, int]
    """The twenty hosts with the most failures; all others are counted as `(other)`."""
    same_picture: SamePicture | None = None
    """Only if several items came with the same picture; they are stored nevertheless."""


@dataclass(frozen=True, slots=True)
class JobLinks(Documented):
    """The addresses of a job."""

    self: str
    wait: str
    """The same, answered as soon as the job has ended, or after 30 seconds. Repeat it until then."""
    events: str
    errors: str | None = None
    """Only of an ingest."""


@dataclass(frozen=True, slots=True)
class JobView(Documented):
    """A job of any kind."""

    id: str
    kind: Kind
    status: Status
    collection: str | None
    """Null of an embedding."""
    name: str | None
    """As given by the request that made the job; null without one."""
    metadata: Mapping[str, Any]
    """As given by the request that made the job."""
    parent_id: str | None
    """The job that this one retries."""
    preflight_of: int | None
    """Of a preflight: the number of items in the whole list."""
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: Progress | None
    """Null unless the job is an ingest."""
    result: SearchResult | EmbeddingResult | PreflightReport | None
    """Null until a search, an embedding or a preflight has succeeded."""
    error: JobError | None
    request_id: str | None
    """The `X-Request-ID` of the request that made the job; null if no request did."""
    links: JobLinks
    waits_for: str | None = None
    """Only of a running ingest that cannot store at present: why, such as a full disk of the catalogue."""


@dataclass(frozen=True, slots=True)
class JobList(Documented):
    """The jobs of a batch, in the order of its searches."""

    jobs: Sequence[JobView]


@dataclass(frozen=True, slots=True)
class JobPage(Documented):
    """A page of jobs, newest first."""

    jobs: Sequence[JobView]
    next_cursor: str | None
    """The `cursor` of the next page; null on the last page."""


@dataclass(frozen=True, slots=True)
class FailedItem(Documented):
    """An item of an ingest that could not be stored."""

    photo_id: str
    url: str
    host: str
    code: str
    detail: str
    attempts: int


@dataclass(frozen=True, slots=True)
class FailurePage(Documented):
    """A page of failed items."""

    items: Sequence[FailedItem]
    next_cursor: str | None
    """The `cursor` of the next page; null on the last page."""


@dataclass(frozen=True, slots=True)
class PhotoView(PictureFacts):
    """A stored photo."""

    photo_id: str
    url: str
    attributes: Mapping[str, Any]
    model: str | None
    embedding: Sequence[float] | None = None
    """The photo's unit vector, on request."""


@dataclass(frozen=True, slots=True)
class PhotoList(Documented):
    """Some stored photos."""

    photos: Sequence[PhotoView]


@dataclass(frozen=True, slots=True)
class KnownPhoto(Documented):
    """A photo that is stored under an id that was asked for."""

    photo_id: str
    is_same: bool
    """Whether its image has the bytes that were asked for."""
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnownPhotos(Documented):
    """Those of the photos asked for that are stored."""

    photos: Sequence[KnownPhoto]


@dataclass(frozen=True, slots=True)
class IndexView(Documented):
    """The vector index of a collection."""

    type: str | None
    status: Literal["none", "building", "built", "error"]
    reason: str | None
    """The server's message about a part that failed; the server continues with the other parts."""
    photos: int
    """Stored photos that the index covers; the others are scanned."""


@dataclass(frozen=True, slots=True)
class CollectionView(Documented):
    """A collection: photos embedded by one model."""

    name: str
    photos: int
    model: str
    dimension: int
    index: IndexView


@dataclass(frozen=True, slots=True)
class CollectionList(Documented):
    """All collections, by name."""

    collections: Sequence[CollectionView]


@dataclass(frozen=True, slots=True)
class Alive(Documented):
    """The API process responds."""

    status: Literal["alive"]


@dataclass(frozen=True, slots=True)
class Backlog(Documented):
    """Unfinished work."""

    jobs: int
    """Ingest jobs that are not paused and have pending items."""
    items: int
    """Pending items of those jobs."""
    held: int
    """Chunks under a worker's lease."""
    searches: int
    """Searches without an answer."""


@dataclass(frozen=True, slots=True)
class Readiness(Documented):
    """Whether jobs can be processed, the live workers, and the backlog."""

    status: Literal["ready", "not ready"]
    checks: Mapping[str, bool]
    workers: Sequence[Mapping[str, Any]]
    """Live workers: `name`, `queue`, and their model, device, dtype and batch size."""
    backlog: Backlog | None
    """Null while Redis is unavailable."""
    waits_for: str | None = None
    """Only while ingest workers cannot store: why, such as a full disk of the catalogue."""


@dataclass(frozen=True, slots=True)
class Problem(Documented):
    """An error (RFC 9457)."""

    type: str
    """`urn:lichtbild:CODE`, stable."""
    title: str
    status: int
    code: str
    """The last part of `type`."""
    detail: str
    request_id: str
    """The `X-Request-ID` of the answer, as in the log of the API."""
    faults: Sequence[Fault] = ()
    """Of an `invalid_request` whose body or parameters have the wrong form: the first hundred faults."""
