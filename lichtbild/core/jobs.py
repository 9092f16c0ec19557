"""Jobs: lists of them, their failures, and what can be done with one."""

from __future__ import annotations

import uuid
from typing import Literal

from lichtbild.core.calls import Calls, segment
from lichtbild.core.effects import Flow, Items
from lichtbild.models import Delivery, FailedItem, Job, Kind, Status


def newest(calls: Calls, kind: Kind, limit: int, status: Status | None) -> Flow[list[Job]]:
    """The newest jobs of a kind, newest first."""
    answer = yield from calls.call("GET", "/v1/jobs", params={"kind": kind, "limit": limit, "status": status})
    return [Job.from_json(job, calls.api) for job in answer["jobs"]]


def every(calls: Calls, kind: Kind, status: Status | None, name: str | None = None) -> Items[Job]:
    """All jobs of a kind, newest first, or those of one name."""
    return calls.items(
        "/v1/jobs",
        lambda page: [Job.from_json(job, calls.api) for job in page["jobs"]],
        {"kind": kind, "status": status, "name": name},
    )


def errors(calls: Calls, job_id: str) -> Items[FailedItem]:
    """The items of an ingest that have failed so far."""
    return calls.items(f"/v1/jobs/{segment(job_id)}/errors", lambda page: map(FailedItem.from_json, page["items"]), {})


def deliveries(calls: Calls, job_id: str) -> Flow[list[Delivery]]:
    """The webhooks about a job, oldest first."""
    answer = yield from calls.call("GET", f"/v1/jobs/{segment(job_id)}/deliveries")
    return [Delivery.from_json(delivery) for delivery in answer["deliveries"]]


def act(calls: Calls, job_id: str, action: Literal["cancel", "pause", "resume"]) -> Flow[Job]:
    """Cancel, pause or resume a job; may be repeated."""
    return Job.from_json((yield from calls.call("POST", f"/v1/jobs/{segment(job_id)}/{action}")))


def retry(calls: Calls, job_id: str, code: str | None) -> Flow[Job]:
    """Start a new job over the failed items of an ended job."""
    headers = {"Idempotency-Key": f'"{uuid.uuid4()}"'}
    path = f"/v1/jobs/{segment(job_id)}/retry"
    return Job.from_json((yield from calls.call("POST", path, params={"code": code or None}, headers=headers)))
