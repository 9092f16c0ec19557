"""What the API answers, as frozen dataclasses. Fields that a newer API adds are ignored.

The URL of an uploaded picture is a path of the API's; who reads an answer gives the API's address to complete it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["ingest", "search", "delete", "index"]
Status = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
FINAL = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of items. `total` is the sum of the four that follow it; `eta_seconds` is None while unknown.
    `limited_by` is the stage that was at work longest, None before any was. Failures are counted by code and by host,
    most first; of many hosts the last is `(other)`."""

    total: int
    pending: int
    stored: int
    failed: int
    unchanged: int
    items_per_second: float
    eta_seconds: float | None
    bytes: int
    stage_seconds: Mapping[str, float]
    limited_by: str | None
    failed_by_code: Mapping[str, int]
    failed_by_host: Mapping[str, int]

    @property
    def settled(self) -> int:
        """Items that are done with, however they ended."""
        return self.total - self.pending

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Progress:
        return cls(
            total=body["total"],
            pending=body["pending"],
            stored=body["stored"],
            failed=body["failed"],
            unchanged=body["unchanged"],
            items_per_second=body["items_per_second"],
            eta_seconds=body["eta_seconds"],
            bytes=body["bytes"],
            stage_seconds=body["stage_seconds"],
            limited_by=body["limited_by"],
            failed_by_code=body["failed_by_code"],
            failed_by_host=body["failed_by_host"],
        )


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a whole job failed, or paused itself."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class SimilarPhoto:
    """A photo that is nearly the same as a better hit, and was folded into it."""

    photo_id: str
    url: str
    distance: float
    attributes: Mapping[str, Any]

    @classmethod
    def from_json(cls, body: Mapping[str, Any], api: str = "") -> SimilarPhoto:
        return cls(body["photo_id"], _absolute(body["url"], api), body["distance"], body["attributes"])


@dataclass(frozen=True, slots=True)
class Hit:
    """One found photo. `distance` is the cosine distance: 0 is identical, 2 opposite.
    `terms` holds the photo's cosine similarity to each term of the query, `similar` what was folded into this hit,
    nearest first. `embedding` is a unit vector, there only if asked for."""

    photo_id: str
    url: str
    distance: float
    attributes: Mapping[str, Any]
    terms: tuple[float, ...]
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
            tuple(body["terms"]),
            tuple(SimilarPhoto.from_json(photo, api) for photo in body.get("similar", ())),
            None if embedding is None else tuple(embedding),
        )


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Hits, nearest first. `weights` are the terms' shares of the query. `searchable_rows` is how many photos were
    searched, `pending_rows` how many items of ingests that have not ended are still to come. `took_ms` has `queue`,
    `encode` and `search`, in milliseconds, and `after_job` where the search waited for one; `raw` is the API's answer.
    """

    hits: tuple[Hit, ...]
    model: str
    searchable_rows: int
    took_ms: Mapping[str, float]
    raw: Mapping[str, Any] = field(repr=False, compare=False)
    weights: tuple[float, ...] = ()
    pending_rows: int = 0

    @classmethod
    def from_json(cls, body: Mapping[str, Any], api: str = "") -> SearchResult:
        """Older APIs tell neither `weights` nor `pending_rows`."""
        hits = tuple(Hit.from_json(hit, api) for hit in body["hits"])
        weights, pending = tuple(body.get("weights", ())), body.get("pending_rows", 0)
        return cls(hits, body["model"], body["searchable_rows"], body["took_ms"], body, weights, pending)


@dataclass(frozen=True, slots=True)
class PreflightReport:
    """What the trial of a sample says about a list of `of` items. `success_rate` is the share of the `tried` that would
    have been stored; the estimates are for the whole list, `estimated_seconds` at the speed of the sample."""

    tried: int
    of: int
    success_rate: float
    bytes_per_item: int
    estimated_bytes: int
    estimated_seconds: int | None

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> PreflightReport:
        return cls(
            tried=body["tried"],
            of=body["of"],
            success_rate=body["success_rate"],
            bytes_per_item=body["bytes_per_item"],
            estimated_bytes=body["estimated_bytes"],
            estimated_seconds=body["estimated_seconds"],
        )


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stood when it was read. An ingest whose items are all settled has succeeded, also when some of them
    failed. `parent_id` is the job that this one retries, `preflight_of` the length of the list of which it tries a
    sample. `result` is a search's, `report` a preflight's. `raw` is the API's answer."""

    id: str
    kind: Kind
    status: Status
    collection: str
    parent_id: str | None
    preflight_of: int | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    progress: Progress | None
    result: SearchResult | None
    report: PreflightReport | None
    error: JobError | None
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def paused_itself(self) -> bool:
        """More of it failed than its `max_failed_ratio`; `error` says so. It goes on once it is resumed."""
        return self.status == "paused" and self.error is not None

    @classmethod
    def from_json(cls, body: Mapping[str, Any], api: str = "") -> Job:
        progress, result, error = body["progress"], body["result"], body["error"]
        is_preflight = body["preflight_of"] is not None
        return cls(
            id=body["id"],
            kind=body["kind"],
            status=body["status"],
            collection=body["collection"],
            parent_id=body["parent_id"],
            preflight_of=body["preflight_of"],
            created_at=datetime.fromisoformat(body["created_at"]),
            started_at=_time(body["started_at"]),
            finished_at=_time(body["finished_at"]),
            progress=Progress.from_json(progress) if progress else None,
            result=SearchResult.from_json(result, api) if result and body["kind"] == "search" else None,
            report=PreflightReport.from_json(result) if result and is_preflight else None,
            error=JobError(error["code"], error["detail"]) if error else None,
            raw=body,
        )


@dataclass(frozen=True, slots=True)
class FailedItem:
    """One item that could not be ingested. `code` is from a small fixed set, such as `http_404`; `host` is empty for
    an upload."""

    id: str
    url: str
    host: str
    code: str
    detail: str
    attempts: int

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> FailedItem:
        return cls(body["id"], body["url"], body["host"], body["code"], body["detail"], body["attempts"])


@dataclass(frozen=True, slots=True)
class Photo:
    """One stored photo. `embedding` is a unit vector, there only if asked for."""

    photo_id: str
    url: str
    attributes: Mapping[str, Any]
    model: str | None
    embedding: tuple[float, ...] | None

    @classmethod
    def from_json(cls, body: Mapping[str, Any], api: str = "") -> Photo:
        embedding = body.get("embedding")
        vector = None if embedding is None else tuple(embedding)
        return cls(body["photo_id"], _absolute(body["url"], api), body["attributes"], body["model"], vector)


@dataclass(frozen=True, slots=True)
class Index:
    """A collection's vector index. `rows` is how many stored rows it covers, `reason` is why it failed if it did."""

    type: str | None
    status: Literal["none", "building", "built", "error"]
    reason: str | None
    rows: int

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Index:
        return cls(body["type"], body["status"], body["reason"], body["rows"])


@dataclass(frozen=True, slots=True)
class Collection:
    """A set of photos of one model."""

    name: str
    rows: int
    model: str
    dimension: int
    index: Index

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Collection:
        index = Index.from_json(body["index"])
        return cls(body["name"], body["rows"], body["model"], body["dimension"], index)


@dataclass(frozen=True, slots=True)
class Worker:
    """One worker process that is alive, and the model that it runs."""

    name: str
    queue: Literal["ingest", "search"]
    model: str

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Worker:
        return cls(body["name"], body["queue"], body.get("model", ""))


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits: ingest jobs with work left, their items not settled yet, their chunks in workers' hands, and
    searches not answered yet."""

    jobs: int
    items: int
    held: int
    searches: int

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Backlog:
        return cls(body["jobs"], body["items"], body["held"], body["searches"])


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether jobs can be done now, and what was looked at: `redis`, `catalogue`, `search_worker`, `ingest_worker`.
    `backlog` is None while Redis is away."""

    ready: bool
    checks: Mapping[str, bool]
    workers: tuple[Worker, ...] = ()
    backlog: Backlog | None = None

    @classmethod
    def from_json(cls, body: Mapping[str, Any], *, ready: bool) -> Readiness:
        """`workers` and `backlog` are missing in the answers of older APIs."""
        workers = tuple(Worker.from_json(worker) for worker in body.get("workers", ()))
        backlog = body.get("backlog")
        return cls(ready, body["checks"], workers, Backlog.from_json(backlog) if backlog else None)


def _absolute(url: str, api: str) -> str:
    return api + url if url.startswith("/") else url


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
