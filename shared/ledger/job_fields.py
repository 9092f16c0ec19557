"""A job's HASH in the ledger, read into a `Job`."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from shared.domain.job import STAGES, Job, Kind, Status
from shared.domain.job_labels import JobLabels
from shared.ledger.earlier_results import in_todays_names

# A running job's rate is taken over the last minute, in slots of five seconds, which `settle.lua` counts.
RATE_WINDOW_SECONDS = 60
_SLOT_SECONDS = 5
_MAX_HOSTS_SHOWN = 20
_MAX_GROUPS_SHOWN = 10
_OTHER_HOSTS = "(other)"
NO_LABELS = JobLabels()


def read_job(fields: Mapping[str, str]) -> Job:
    """The job from the fields of its HASH in the ledger."""
    started, finished = _time(fields.get("started")), _time(fields.get("finished"))
    return Job(
        id=fields["id"],
        kind=cast(Kind, fields["kind"]),
        status=cast(Status, fields["status"]),
        collection=fields["collection"],
        parent_id=fields.get("parent"),
        labels=_labels(fields),
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
        under_way=sum(int(count) for name, count in fields.items() if name.startswith("under-way:")),
        same_picture=int(fields.get("same_picture", 0)),
        same_pictures=_same_pictures(fields),
        bytes=int(fields.get("bytes", 0)),
        stage_seconds={stage: float(fields.get(stage, 0)) for stage in STAGES},
        items_per_second=_rate(fields, started, finished),
        result=in_todays_names(json.loads(fields["result"])) if "result" in fields else None,
        error=_error(fields),
    )


def _labels(fields: Mapping[str, str]) -> JobLabels:
    return JobLabels(fields.get("request_id"), fields.get("name"), json.loads(fields.get("metadata", "{}")))


def label_fields(labels: JobLabels) -> dict[str, str | None]:
    """The fields of a job's HASH for its labels, None for those without a value."""
    metadata = json.dumps(labels.metadata, ensure_ascii=False) if labels.metadata else None
    return {"request_id": labels.request_id or None, "name": labels.name, "metadata": metadata}


def present_fields(fields: Mapping[str, Any]) -> list[Any]:
    """Names and values, alternating, of the fields that are not None."""
    return [part for field, value in fields.items() if value is not None for part in (field, value)]


def _counts(fields: Mapping[str, str], prefix: str) -> dict[str, int]:
    """Counts of failed items by the field name without its prefix, largest first."""
    counts = {name.removeprefix(prefix): int(count) for name, count in fields.items() if name.startswith(prefix)}
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0])))


def _largest(hosts: Mapping[str, int]) -> dict[str, int]:
    """The hosts with the most failures, and one sum for all others."""
    named = [(host, count) for host, count in hosts.items() if host][:_MAX_HOSTS_SHOWN]
    others = sum(hosts.values()) - sum(count for _, count in named)
    return {**dict(named), **({_OTHER_HOSTS: others} if others else {})}


def _same_pictures(fields: Mapping[str, str]) -> list[tuple[int, Sequence[str]]]:
    """The largest groups of items with one picture: the number of items, and the first of their ids."""
    groups = [value.split("\n") for name, value in fields.items() if name.startswith("same:")]
    largest = sorted(groups, key=lambda group: (-int(group[0]), group[1]))[:_MAX_GROUPS_SHOWN]
    return [(int(count), ids) for count, *ids in largest]


def _error(fields: Mapping[str, str]) -> Any:
    if "error" in fields:
        return json.loads(fields["error"])
    if "tripped" not in fields or fields["status"] not in ("paused", "failed"):
        return None
    share = f"More than {float(fields['max_failed_ratio']):.0%} of the items failed (max_failed_ratio)"
    if fields["status"] == "failed":
        return {"code": "too_many_failures", "detail": f"{share}. The others are stored; retry those that failed."}
    then = "so the job was paused. Check failed_by_code, then resume or cancel the job."
    return {"code": "too_many_failures", "detail": f"{share}, {then}"}


def _rate(fields: Mapping[str, str], started: datetime | None, finished: datetime | None) -> float:
    """Items per second: over the last minute while the job runs, 0 while it is paused, over its whole duration after it
    has ended."""
    if started is None or fields["status"] == "paused":
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
