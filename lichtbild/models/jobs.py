"""Jobs, their progress, and the items that failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from lichtbild.models.embeddings import Embeddings
from lichtbild.models.photos import SearchResult
from lichtbild.models.problem import JobError

Kind = Literal["ingest", "search", "delete", "index", "embed"]
Status = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
FINAL = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class PictureGroup:
    """`photos` items of a job whose pictures have the same bytes, with the first of their ids."""

    photos: int
    photo_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class SamePicture:
    """`photos` items of a job whose picture an earlier item of the job had, such as the placeholder of a host for
    photos that are gone, and the pictures with the most items."""

    photos: int = 0
    groups: Sequence[PictureGroup] = ()

    @classmethod
    def from_json(cls, body: Mapping[str, Any] | None) -> SamePicture:
        if body is None:
            return cls()
        groups = [PictureGroup(group["photos"], group["photo_ids"]) for group in body["groups"]]
        return cls(body["photos"], groups)


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of an ingest's items. `total` is the sum of the next four; `eta_seconds` is None while unknown.

    `limited_by` is the stage with the most busy time, None before any stage ran. Failures are counted by code and by
    host, highest first; the hosts beyond the API's limit share the last entry, `(other)`. `under_way` are pending items
    that workers have downloaded. `same_picture` names pictures that came for several items.
    """

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
    under_way: int = 0
    same_picture: SamePicture = SamePicture()

    @property
    def settled(self) -> int:
        """Items that are stored, unchanged or failed."""
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
            under_way=body.get("under_way", 0),
            same_picture=SamePicture.from_json(body.get("same_picture")),
        )


@dataclass(frozen=True, slots=True)
class PreflightReport:
    """The result of trying a sample of `tried` items from a list of `of`. `success_rate` is the share of it that would
    have been stored; the estimates are for the whole list, `estimated_seconds` at the sample's speed."""

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
    """A job at the time it was read. An ingest has succeeded once all its items are settled, even if some failed.

    `parent_id` is the job that this one retries, `preflight_of` the length of the list that a preflight samples.
    `result` is set for searches, `embeddings` for embeddings, `report` for preflights. `name` and `metadata` are those
    of the request that made the job. `waits_for` is why a running ingest cannot store at present. `raw` is the API's
    answer.
    """

    id: str
    kind: Kind
    status: Status
    collection: str | None
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
    embeddings: Embeddings | None = None
    name: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    waits_for: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether the job has ended: succeeded, failed or cancelled."""
        return self.status in FINAL

    @property
    def paused_itself(self) -> bool:
        """Whether the job paused because more of it failed than its `max_failed_ratio`; `error` has the details.

        It continues once it is resumed.
        """
        return self.status == "paused" and self.error is not None

    def _repr_html_(self) -> str:
        from lichtbild.display.html import job_html

        return job_html(self)

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
            embeddings=Embeddings.from_json(result) if result and body["kind"] == "embed" else None,
            name=body.get("name"),
            metadata=body.get("metadata", {}),
            waits_for=body.get("waits_for"),
        )


@dataclass(frozen=True, slots=True)
class FailedItem:
    """One item that failed. `code` is from a small fixed set, such as `http_404`; `host` is empty for an upload."""

    photo_id: str
    url: str
    host: str
    code: str
    detail: str
    attempts: int

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> FailedItem:
        return cls(body["photo_id"], body["url"], body["host"], body["code"], body["detail"], body["attempts"])


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
