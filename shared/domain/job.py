"""One job as it stood when it was read from the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from shared.domain.job_labels import JobLabels

Kind = Literal["ingest", "search", "delete", "index", "embed"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Status = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
STATUSES: tuple[Status, ...] = get_args(Status)
FINAL = frozenset({"succeeded", "failed", "cancelled"})
STAGES = ("fetch", "decode", "encode", "write")


@dataclass(frozen=True)
class Job:
    """One job of any kind. Times are UTC; counts are of items.

    `stage_seconds` is the busy time of each stage in all workers: the time summed over items, divided by the
    parallelism of the stage in one worker. The stage with the largest value is the bottleneck.

    `same_picture` counts the items whose picture an earlier item of the job had; `same_pictures` are the
    pictures with the most items, each with its count and its first ids.

    `waits_for` is why a running ingest cannot store at present.

    `result` and `error` are JSON as stored: `SearchResult` of a finished search, `JobError` of a failed job.
    """

    id: str
    kind: Kind
    status: Status
    collection: str
    parent_id: str | None
    labels: JobLabels
    preflight_of: int | None
    created: datetime
    started: datetime | None
    finished: datetime | None
    total: int
    stored: int
    failed: int
    unchanged: int
    under_way: int
    failed_by_code: Mapping[str, int]
    failed_by_host: Mapping[str, int]
    same_picture: int
    same_pictures: Sequence[tuple[int, Sequence[str]]]
    bytes: int
    stage_seconds: Mapping[str, float]
    items_per_second: float
    result: Any
    error: Any
    waits_for: str | None = None

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def pending(self) -> int:
        return self.total - self.stored - self.failed - self.unchanged

    @property
    def limited_by(self) -> str | None:
        """The stage with the longest busy time, or None before the first item."""
        stage = max(STAGES, key=lambda name: self.stage_seconds[name])
        return stage if self.stage_seconds[stage] > 0 else None
