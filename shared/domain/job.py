"""A job as read from the ledger, and its JSON for clients."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, cast, get_args

Kind = Literal["ingest", "search", "delete", "index"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Status = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
STATUSES: tuple[Status, ...] = get_args(Status)
FINAL = frozenset({"succeeded", "failed", "cancelled"})
STAGES = ("fetch", "decode", "encode", "write")
RATE_WINDOW_SECONDS = 60
_SLOT_SECONDS = 5
_SHOWN_HOSTS = 20
_OTHER_HOSTS = "(other)"


@dataclass(frozen=True)
class Job:
    """One job of any kind. Times are UTC; counts are of items.

    `stage_seconds` is the busy time of each stage in all workers: the time summed over items, divided by the
    parallelism of the stage in one worker. The stage with the largest value is the bottleneck.
    """

    id: str
    kind: Kind
    status: Status
    collection: str
    parent_id: str | None
    preflight_of: int | None
    created: datetime
    started: datetime | None
    finished: datetime | None
    total: int
    stored: int
    failed: int
    unchanged: int
    failed_by_code: Mapping[str, int]
    failed_by_host: Mapping[str, int]
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

    @property
    def limited_by(self) -> str | None:
        """The stage with the longest busy time, or None before the first item."""
        stage = max(STAGES, key=lambda name: self.stage_seconds[name])
        return stage if self.stage_seconds[stage] > 0 else None

    def as_json(self) -> dict[str, Any]:
        """The job in the JSON of the HTTP API."""
        link = f"/v1/jobs/{self.id}"
        links = {"self": link, "events": f"{link}/events"}
        if self.kind == "ingest":
            links["errors"] = f"{link}/errors"
        return {
            "id": self.id,
            "kind": self.kind,
            "status": self.status,
            "collection": self.collection,
            "parent_id": self.parent_id,
            "preflight_of": self.preflight_of,
            "created_at": _iso(self.created),
            "started_at": _iso(self.started),
            "finished_at": _iso(self.finished),
            "progress": self._progress() if self.kind == "ingest" else None,
            "result": self._preflight_report() if self.preflight_of and self.status == "succeeded" else self.result,
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
            "limited_by": self.limited_by,
            "failed_by_code": dict(self.failed_by_code),
            "failed_by_host": dict(self.failed_by_host),
        }

    def _preflight_report(self) -> dict[str, Any]:
        """Estimates for the whole list, from the preflight's sample and speed."""
        listed = self.preflight_of or 0
        bytes_per_item = self.bytes / self.stored if self.stored else 0.0
        return {
            "tried": self.total,
            "of": listed,
            "success_rate": round(self.stored / self.total, 4),
            "bytes_per_item": round(bytes_per_item),
            "estimated_bytes": round(bytes_per_item * listed * self.stored / self.total),
            "estimated_seconds": round(listed / self.items_per_second) if self.items_per_second else None,
        }


def read_job(fields: Mapping[str, str]) -> Job:
    """The job from the fields of its HASH in the ledger."""
    started, finished = _time(fields.get("started")), _time(fields.get("finished"))
    return Job(
        id=fields["id"],
        kind=cast(Kind, fields["kind"]),
        status=cast(Status, fields["status"]),
        collection=fields["collection"],
        parent_id=fields.get("parent"),
        preflight_of=int(fields["preflight_of"]) if "preflight_of" in fields else None,
        created=cast(datetime, _time(fields["created"])),
        started=started,
        finished=finished,
        total=int(fields.get("total", 0)),
        stored=int(fields.get("stored", 0)),
        failed=int(fields.get("failed", 0)),
        unchanged=int(fields.get("unchanged", 0)),
        failed_by_code=_counts(fields, "code:"),
        failed_by_host=_largest(_counts(fields, "host:")),
        bytes=int(fields.get("bytes", 0)),
        stage_seconds={stage: float(fields.get(stage, 0)) for stage in STAGES},
        items_per_second=_rate(fields, started, finished),
        result=json.loads(fields["result"]) if "result" in fields else None,
        error=_error(fields),
    )


def _counts(fields: Mapping[str, str], prefix: str) -> dict[str, int]:
    """Counts of failed items by the field name without its prefix, largest first."""
    counts = {name.removeprefix(prefix): int(count) for name, count in fields.items() if name.startswith(prefix)}
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def _largest(hosts: Mapping[str, int]) -> dict[str, int]:
    """The hosts with the most failures, and one sum for all others."""
    named = [(host, count) for host, count in hosts.items() if host][:_SHOWN_HOSTS]
    others = sum(hosts.values()) - sum(count for _, count in named)
    return {**dict(named), **({_OTHER_HOSTS: others} if others else {})}


def _error(fields: Mapping[str, str]) -> Any:
    # A job whose last claimed chunks were settled after the breaker tripped has ended instead.
    if "tripped" not in fields or fields["status"] != "paused":
        return json.loads(fields["error"]) if "error" in fields else None
    return {
        "code": "too_many_failures",
        "detail": f"More than {float(fields['max_failed_ratio']):.0%} of the items failed (max_failed_ratio), so the "
        "job was paused. Check failed_by_code, then resume or cancel the job.",
    }


def _rate(fields: Mapping[str, str], started: datetime | None, finished: datetime | None) -> float:
    """Items per second: over the last minute while the job runs, over its whole duration after it has ended."""
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
