"""Searches and embeddings: sent once with a wait, then polled until they have ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from lichtbild.core.calls import Calls
from lichtbild.core.effects import Flow, Work
from lichtbild.core.following import LONGEST_POLL, poll
from lichtbild.errors import JobFailed, StillRunning
from lichtbild.models import Embeddings, Job, SearchResult

# Makes a request's body; may read image files.
MakeBody = Callable[[], dict[str, Any]]


def search(calls: Calls, body: MakeBody, timeout: float) -> Flow[SearchResult]:
    """The result of a search; `timeout` is in seconds."""
    sent = yield Work(body)
    try:
        job = yield from _ended(calls, "/v1/search", sent, timeout)
    except StillRunning as error:
        raise StillRunning(error.job_id, timeout, sent.get("after_job")) from None
    if job.result is None:
        raise JobFailed(job)
    return job.result


def embed(calls: Calls, body: MakeBody, timeout: float) -> Flow[Embeddings]:
    """The vectors of texts and images."""
    sent = yield Work(body)
    job = yield from _ended(calls, "/v1/embeddings", sent, timeout)
    if job.embeddings is None:
        raise JobFailed(job)
    return job.embeddings


def search_batch(calls: Calls, body: MakeBody, timeout: float) -> Flow[list[Job]]:
    """The jobs of several searches, each once it has ended."""
    sent = yield Work(body)
    deadline = time.monotonic() + timeout
    answer = yield from _post(calls, "/v1/search/batch", sent, timeout, deadline)
    jobs = [Job.from_json(job, calls.api) for job in answer["jobs"]]
    for place, job in enumerate(jobs):
        jobs[place] = yield from poll(calls, job, deadline, timeout)
    return jobs


def _ended(calls: Calls, path: str, sent: Any, timeout: float) -> Flow[Job]:
    deadline = time.monotonic() + timeout
    answer = yield from _post(calls, path, sent, timeout, deadline)
    return (yield from poll(calls, Job.from_json(answer, calls.api), deadline, timeout))


def _post(calls: Calls, path: str, sent: Any, timeout: float, deadline: float) -> Flow[Any]:
    """These requests change nothing, so they may be sent again."""
    wait = max(0, min(int(LONGEST_POLL), int(timeout)))
    prefer = {"Prefer": f"wait={wait}"}
    return (yield from calls.call("POST", path, json=sent, headers=prefer, wait=wait, deadline=deadline))
