"""Jobs as clients see them: read from the ledger, listed, shown as JSON, cancelled, paused and resumed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast

import redis

from shared.errors import ConflictError, NotFoundError
from shared.ledger import keys, scripts
from shared.settings import Settings

Kind = Literal["ingest", "search"]
FINAL = frozenset({"succeeded", "failed", "cancelled"})
_ENDED = {"succeeded": "succeeded", "failed": "failed", "cancelled": "been cancelled"}
STAGES = ("fetch", "decode", "encode", "write")
RATE_WINDOW_SECONDS = 60
_SLOT_SECONDS = 5


@dataclass(frozen=True)
class Job:
    """One job of either kind, as it stood when it was read. Times are UTC; counts are of items."""

    id: str
    kind: Kind
    status: str
    collection: str
    parent_id: str | None
    created: datetime
    started: datetime | None
    finished: datetime | None
    total: int
    stored: int
    failed: int
    unchanged: int
    bytes: int
    stage_seconds: Mapping[str, float]
    items_per_second: float
    result: Any
    error: Any

    @property
    def is_final(self) -> bool:
        return self.status in FINAL

    @property
    def pending(self) -> int:
        return self.total - self.stored - self.failed - self.unchanged

    def as_json(self) -> dict[str, Any]:
        """The job as the HTTP contract shows it."""
        link = f"/v1/jobs/{self.id}"
        links = {"self": link}
        if self.kind == "ingest":
            links["errors"] = f"{link}/errors"
        return {
            "id": self.id,
            "kind": self.kind,
            "status": self.status,
            "collection": self.collection,
            "parent_id": self.parent_id,
            "created_at": _iso(self.created),
            "started_at": _iso(self.started),
            "finished_at": _iso(self.finished),
            "progress": self._progress() if self.kind == "ingest" else None,
            "result": self.result,
            "error": self.error,
            "links": links,
        }

    def _progress(self) -> dict[str, Any]:
        running = self.status == "running" and self.items_per_second > 0
        return {
            "total": self.total,
            "pending": self.pending,
            "stored": self.stored,
            "failed": self.failed,
            "unchanged": self.unchanged,
            "items_per_second": round(self.items_per_second, 1),
            "eta_seconds": round(self.pending / self.items_per_second) if running else None,
            "bytes": self.bytes,
            "stage_seconds": {stage: round(seconds, 3) for stage, seconds in self.stage_seconds.items()},
        }


class Jobs:
    """Read and control jobs of either kind."""

    def __init__(self, connection: "redis.Redis", settings: Settings) -> None:
        self._redis = connection
        self._settings = settings
        self._finish = scripts.finish(connection)
        self._pause = scripts.script(connection, "pause")
        self._resume = scripts.script(connection, "resume")

    def get(self, job_id: str) -> Job:
        """Return the job; raise NotFoundError if it never was or is no longer kept."""
        fields = cast(dict[bytes, bytes], self._redis.hgetall(keys.job(job_id)))
        if not fields:
            raise NotFoundError(f"There is no job {job_id!r}; finished jobs are kept for a limited time.")
        return _job({name.decode(): value.decode() for name, value in fields.items()})

    def newest(self, kind: Kind, limit: int) -> list[Job]:
        """Return up to `limit` jobs of a kind, newest first; forget those no longer kept."""
        found: list[Job] = []
        for raw in cast(list[bytes], self._redis.zrevrange(keys.jobs(kind), 0, limit - 1)):
            try:
                found.append(self.get(raw.decode()))
            except NotFoundError:
                self._redis.zrem(keys.jobs(kind), raw)
        return found

    def cancel(self, job_id: str) -> Job:
        """Cancel a job; repeating it is no error. Raise ConflictError if it has ended otherwise."""
        job = self.get(job_id)
        retention = self._settings.ingest_retention_seconds
        if job.kind == "search":
            retention = self._settings.search_retention_seconds
        before = self._finish(job_id, "cancelled", retention=retention)
        return self._after(job_id, "cancelled", None if before == "cancelled" else before)

    def pause(self, job_id: str) -> Job:
        """Pause an ingest job; repeating it is no error. Raise ConflictError if it has ended."""
        self._ingest_only(job_id, "paused")
        before = self._pause(keys=[keys.job(job_id), keys.ACTIVE], args=[job_id, keys.CHANGES])
        return self._after(job_id, "paused", before.decode() if before else None)

    def resume(self, job_id: str) -> Job:
        """Resume an ingest job; one that runs is left as it is. Raise ConflictError if it has ended."""
        self._ingest_only(job_id, "resumed")
        names = [keys.job(job_id), keys.ACTIVE, keys.waiting(job_id)]
        before = self._resume(keys=names, args=[job_id, keys.CHANGES])
        return self._after(job_id, "resumed", before.decode() if before else None)

    def _ingest_only(self, job_id: str, wanted: str) -> None:
        if self.get(job_id).kind != "ingest":
            raise ConflictError(f"Job {job_id} is a search, which cannot be {wanted}.")

    def _after(self, job_id: str, wanted: str, before: str | None) -> Job:
        if before in FINAL:
            raise ConflictError(f"Job {job_id} has already {_ENDED[before]}; it cannot be {wanted}.")
        return self.get(job_id)


def _job(fields: Mapping[str, str]) -> Job:
    started, finished = _time(fields.get("started")), _time(fields.get("finished"))
    return Job(
        id=fields["id"],
        kind=cast(Kind, fields["kind"]),
        status=fields["status"],
        collection=fields["collection"],
        parent_id=fields.get("parent"),
        created=cast(datetime, _time(fields["created"])),
        started=started,
        finished=finished,
        total=int(fields.get("total", 0)),
        stored=int(fields.get("stored", 0)),
        failed=int(fields.get("failed", 0)),
        unchanged=int(fields.get("unchanged", 0)),
        bytes=int(fields.get("bytes", 0)),
        stage_seconds={stage: float(fields.get(stage, 0)) for stage in STAGES},
        items_per_second=_rate(fields, started, finished),
        result=json.loads(fields["result"]) if "result" in fields else None,
        error=json.loads(fields["error"]) if "error" in fields else None,
    )


def _rate(fields: Mapping[str, str], started: datetime | None, finished: datetime | None) -> float:
    """Items per second: over the last minute while the job runs, over its whole life once it has ended."""
    if started is None:
        return 0.0
    now = finished or datetime.now(UTC)
    age = max((now - started).total_seconds(), 0.001)
    if finished or age <= RATE_WINDOW_SECONDS:
        return sum(int(fields.get(count, 0)) for count in ("stored", "failed", "unchanged")) / age
    oldest = int(now.timestamp() - RATE_WINDOW_SECONDS) // _SLOT_SECONDS
    slots = [fields[f"rate:{n}"].split() for n in range(RATE_WINDOW_SECONDS // _SLOT_SECONDS) if f"rate:{n}" in fields]
    return sum(int(items) for slot, items in slots if int(slot) > oldest) / RATE_WINDOW_SECONDS


def _time(milliseconds: str | None) -> datetime | None:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC) if milliseconds else None


def _iso(time: datetime | None) -> str | None:
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z") if time else None
