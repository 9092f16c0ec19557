"""Searches: sent once with a wait, then polled until they have ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lichtbild.core.calls import Calls
from lichtbild.core.effects import Flow, Work
from lichtbild.core.following import LONGEST_POLL, poll
from lichtbild.errors import JobFailed, StillRunning
from lichtbild.models import Job, SearchResult


def search(calls: Calls, body: Callable[[], dict[str, Any]], timeout: float) -> Flow[SearchResult]:
    """The result of a search. `body` makes the request's body and may read an image file; `timeout` is in seconds."""
    sent = yield Work(body)
    deadline = time.monotonic() + timeout
    wait = max(0, min(int(LONGEST_POLL), int(timeout)))
    # A search changes nothing, so it may be sent again.
    prefer = {"Prefer": f"wait={wait}"}
    answer = yield from calls.call("POST", "/v1/search", json=sent, headers=prefer, wait=wait, deadline=deadline)
    try:
        job = yield from poll(calls, Job.from_json(answer, calls.api), deadline, timeout)
    except StillRunning as error:
        raise StillRunning(error.job_id, timeout, sent.get("after_job")) from None
    if job.result is None:
        raise JobFailed(job)
    return job.result
