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
    """Items that were fetched, decoded and embedded."""
    of: int
    """Items in the whole list."""
    success_rate: float
    """Share of the tried items that could have been stored, 0 to 1. `failed_by_code` of `progress` has the reasons
    of the others."""
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
    """The ids of the first three."""


@dataclass(frozen=True, slots=True)
class SamePicture(Documented):
    """Items of a job that came with the same picture, such as the placeholder of a host for photos that are gone."""

    photos: int
    """Items whose picture an earlier item of the job had. Exact for lists of up to 10,000 different pictures; in
    longer ones a picture is remembered for the next 10,000 different ones, so one that is rarer may be missed."""
    groups: Sequence[PictureGroup]
    """The ten pictures with the most items."""


@dataclass(frozen=True, slots=True)
class Progress(Documented):
    """The counts and rates of an ingest."""

    total: int
    """Items of the job: the sum of the next four."""
    pending: int
    """Items that are not settled yet."""
    stored: int
    """Items that were written: new ones, replaced ones, and those of which only the URL or the attributes differ."""
    failed: int
    """Items that cannot be stored; `/errors` of the job lists them."""
    unchanged: int
    """Items whose image, URL and attributes were stored already."""
    under_way: int
    """Of `pending`: items that workers have downloaded, in chunks that are not stored yet. Updated every few
    seconds."""
    items_per_second: float
    """Over the last minute; over the job's whole duration once it has ended; 0 while it is paused."""
    eta_seconds: int | None
    """Seconds until the end at this rate; null while that is unknown or the job is paused."""
    bytes: int
    """Bytes of the downloaded images."""
    stage_seconds: Mapping[str, float]
    """Seconds that each stage was busy, over all workers: summed over items, divided by the stage's parallelism."""
    limited_by: str | None
    """The stage that was busy longest: the bottleneck."""
    failed_by_code: Mapping[str, int]
    """Failed items by code."""
    failed_by_host: Mapping[str, int]
    """Failed items by host: the twenty hosts with the most failures; all others are counted as `(other)`."""
    same_picture: SamePicture | None = None
    """Only if several items came with the same picture; they are stored nevertheless."""


@dataclass(frozen=True, slots=True)
class JobLinks(Documented):
    """The addresses of a job."""

    self: str
    """The job."""
    wait: str
    """The same, answered as soon as the job has ended, or after 30 seconds. Repeat it until then."""
    events: str
    """The job as Server-Sent Events."""
    errors: str | None = None
    """The failed items; only of an ingest."""


@dataclass(frozen=True, slots=True)
class JobView(Documented):
    """A job of any kind."""

    id: str
    """Its id, by which clients poll it."""
    kind: Kind
    """What it does: an ingest, a search, an embedding, a deletion, or building or dropping an index."""
    status: Status
    """`queued`: no worker has started it. `succeeded`: a search has its `result`; of an ingest all items are settled,
    some of which may have failed. `failed`: it cannot go on, or more items failed than `max_failed_ratio` allows; see
    `error`. `paused`: workers claim no more chunks of an ingest; with the `error` `too_many_failures` it paused itself.
    `cancelled`: unsettled items stay `pending`; chunks that workers hold may still be counted for a few seconds."""
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
    """When it was accepted."""
    started_at: datetime | None
    """When a worker began; null before."""
    finished_at: datetime | None
    """When it ended; null before."""
    progress: Progress | None
    """Null unless the job is an ingest."""
    result: SearchResult | EmbeddingResult | PreflightReport | None
    """Null until a search, an embedding or a preflight has succeeded."""
    error: JobError | None
    """Why it failed or paused itself; otherwise null."""
    request_id: str | None
    """The `X-Request-ID` of the request that made the job; null if no request did."""
    links: JobLinks
    """Its addresses."""
    waits_for: str | None = None
    """Only of a running ingest that cannot store at present: why, such as a full disk of the catalogue."""


@dataclass(frozen=True, slots=True)
class JobList(Documented):
    """The jobs of a batch, in the order of its searches."""

    jobs: Sequence[JobView]
    """One for each search."""


@dataclass(frozen=True, slots=True)
class JobPage(Documented):
    """A page of jobs, newest first."""

    jobs: Sequence[JobView]
    """The jobs of this page."""
    next_cursor: str | None
    """The `cursor` of the next page; null on the last page."""


@dataclass(frozen=True, slots=True)
class FailedItem(Documented):
    """An item of an ingest that could not be stored."""

    photo_id: str
    """Its id."""
    url: str
    """As it was listed; `upload:` and a number of an uploaded image."""
    host: str
    """The host that caused the failure; empty if the URL has none."""
    code: str
    """One of a fixed set, as `http_404` or `not_an_image`; docs/http-api.md lists them."""
    detail: str
    """The reason, for people."""
    attempts: int
    """How often workers tried; 0 if the row of the list was no item."""


@dataclass(frozen=True, slots=True)
class FailurePage(Documented):
    """A page of failed items."""

    items: Sequence[FailedItem]
    """The items of this page."""
    next_cursor: str | None
    """The `cursor` of the next page; null on the last page."""


@dataclass(frozen=True, slots=True)
class PhotoView(PictureFacts):
    """A stored photo."""

    photo_id: str
    """Its id."""
    url: str
    """As it was ingested; of an upload the address of its thumbnail, empty if it has none."""
    attributes: Mapping[str, Any]
    """As they were ingested."""
    model: str | None
    """The model of the vector."""
    embedding: Sequence[float] | None = None
    """The photo's unit vector, on request."""


@dataclass(frozen=True, slots=True)
class PhotoList(Documented):
    """Some stored photos."""

    photos: Sequence[PhotoView]
    """All of them different."""


@dataclass(frozen=True, slots=True)
class KnownPhoto(Documented):
    """A photo that is stored under an id that was asked for."""

    photo_id: str
    """Its id."""
    is_same: bool
    """Whether its image has the bytes that were asked for."""
    attributes: Mapping[str, Any]
    """The stored attributes."""


@dataclass(frozen=True, slots=True)
class KnownPhotos(Documented):
    """Those of the photos asked for that are stored."""

    photos: Sequence[KnownPhoto]
    """One entry for each; ids that are not stored have none."""


@dataclass(frozen=True, slots=True)
class IndexView(Documented):
    """The vector index of a collection."""

    type: str | None
    """The kind of index in the database; null without one."""
    status: Literal["none", "building", "built", "error"]
    """Whether there is one, and whether it can be used."""
    reason: str | None
    """The server's message about a part that failed; the server continues with the other parts."""
    photos: int
    """Stored photos that the index covers; the others are scanned."""


@dataclass(frozen=True, slots=True)
class CollectionView(Documented):
    """A collection: photos embedded by one model."""

    name: str
    """At most 63 lower-case letters, digits and `_`; it starts with a letter."""
    photos: int
    """Stored photos, without those that were replaced or deleted."""
    model: str
    """The model of all its vectors."""
    dimension: int
    """The length of each vector."""
    index: IndexView
    """Its vector index."""


@dataclass(frozen=True, slots=True)
class CollectionList(Documented):
    """All collections, by name."""

    collections: Sequence[CollectionView]
    """Each with its model and index."""


@dataclass(frozen=True, slots=True)
class Problem(Documented):
    """An error (RFC 9457)."""

    type: str
    """`urn:lichtbild:CODE`, stable."""
    title: str
    """The HTTP status in words."""
    status: int
    """The HTTP status."""
    code: str
    """The last part of `type`."""
    detail: str
    """What is wrong and what to do, for people."""
    request_id: str
    """The `X-Request-ID` of the answer, as in the log of the API."""
    faults: Sequence[Fault] = ()
    """Of an `invalid_request` whose body or parameters have the wrong form: the first hundred faults."""
