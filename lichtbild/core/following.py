"""Follows a job to its end: by Server-Sent Events, and by long polls where a proxy breaks streams."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from lichtbild.core.answers import result
from lichtbild.core.calls import NEVER, Calls, pauses, segment
from lichtbild.core.effects import Close, Emit, Flow, Items, NoAnswer, Open, Pause, Read, Request
from lichtbild.errors import ApiError, JobFailed, JobPaused, StillRunning, Unreachable
from lichtbild.events import LONGEST_SILENCE, MEDIA_TYPE, EventParser, JobEvent
from lichtbild.models import Job

# The longest poll that the API grants.
LONGEST_POLL = 30.0
# With progress shown, the job is polled about twice a second.
PROGRESS_POLL = 0.5

OnProgress = Callable[[Job], None]


def read(calls: Calls, job_id: str, wait: float = 0.0, deadline: float = NEVER) -> Flow[Job]:
    """The job once it has ended, or after `wait` seconds. Raises Unreachable and ApiError."""
    params = {"wait": f"{wait:.3f}"} if wait else {}
    answer = yield from calls.call("GET", _path(job_id), params=params, wait=wait, deadline=deadline)
    return Job.from_json(answer, calls.api)


def events(calls: Calls, job_id: str) -> Items[JobEvent]:
    """The job's events until `done`. A broken stream is reopened with backoff; each event restarts the patience.

    Raises Unreachable and ApiError."""
    waits, give_up = pauses(), time.monotonic() + calls.patience
    while True:
        try:
            parser = yield from _opened(calls, job_id)
            while (found := (yield from _next_events(calls, parser))) is not None:
                for event in found:
                    yield Emit(event)
                    if event.type == "done":
                        return
                waits, give_up = pauses(), time.monotonic() + calls.patience
            raise NoAnswer(f"The event stream of {calls.api} ended before the job.")
        except (NoAnswer, ApiError) as error:
            pause = max(next(waits), error.retry_after or 0.0)
            if not error.is_temporary or time.monotonic() + pause > give_up:
                raise
        yield Pause(pause)


def wait(calls: Calls, job_id: str, timeout: float | None = None, on_progress: OnProgress | None = None) -> Flow[Job]:
    """The job once it has succeeded. Raises JobFailed, JobPaused, StillRunning, Unreachable and ApiError."""
    seconds = NEVER if timeout is None else timeout
    job = yield from _ended(calls, job_id, time.monotonic() + seconds, seconds, on_progress)
    if job.status != "succeeded":
        raise JobFailed(job)
    return job


def wait_all(
    calls: Calls, job_ids: Iterable[str], timeout: float | None = None, on_progress: OnProgress | None = None
) -> Flow[list[Job]]:
    """The jobs in the order of their ids once each has ended or paused itself. Raises StillRunning, Unreachable and
    ApiError.

    They are waited for one after another: all have ended as soon as the slowest has.
    """
    seconds = NEVER if timeout is None else timeout
    deadline = time.monotonic() + seconds
    jobs = []
    for job_id in job_ids:
        try:
            jobs.append((yield from _ended(calls, job_id, deadline, seconds, on_progress)))
        except JobPaused as paused:
            jobs.append(paused.job)
    return jobs


def poll(calls: Calls, job: Job, deadline: float, timeout: float, on_progress: OnProgress | None = None) -> Flow[Job]:
    """The job once it has ended, by long polls; `on_progress` is called with every state that was read.

    Raises JobPaused, StillRunning, which names `timeout`, Unreachable and ApiError.
    """
    longest = LONGEST_POLL if on_progress is None else PROGRESS_POLL
    show = on_progress or _ignore
    while True:
        show(job)
        if job.is_final:
            return job
        if job.paused_itself:
            raise JobPaused(job)
        asked = time.monotonic()
        if asked >= deadline:
            raise StillRunning(job.id, timeout)
        seconds = min(longest, deadline - asked)
        job = yield from read(calls, job.id, seconds, deadline)
        # An API with too many waiting clients responds immediately: keep the interval.
        if not job.is_final:
            yield Pause(max(0.0, min(seconds, PROGRESS_POLL) - (time.monotonic() - asked)))


def _ended(calls: Calls, job_id: str, deadline: float, timeout: float, on_progress: OnProgress | None) -> Flow[Job]:
    """The job once it has ended, by events as long as streams work. Errors as in `poll`."""
    show = on_progress or _ignore
    job = yield from read(calls, job_id, deadline=deadline)
    # A stream may block for its longest silence; polls end at the deadline.
    while not _is_settled(job) and deadline - time.monotonic() > 2 * LONGEST_SILENCE:
        latest = yield from _last_of_stream(calls, job, deadline, show)
        if latest is None:
            break
        job = latest
        if not _is_settled(job):
            yield Pause(PROGRESS_POLL)
            job = yield from read(calls, job_id, deadline=deadline)
    return (yield from poll(calls, job, deadline, timeout, on_progress))


def _last_of_stream(calls: Calls, job: Job, deadline: float, show: OnProgress) -> Flow[Job | None]:
    """The job of the stream's last event, with `show` called for each before it; None if there was no event."""
    latest: Job | None = None
    try:
        parser = yield from _opened(calls, job.id)
        while (found := (yield from _next_events(calls, parser))) is not None:
            for event in found:
                latest = event.job
                if _is_settled(latest):
                    break
                show(latest)
            if (latest is not None and _is_settled(latest)) or deadline - time.monotonic() <= LONGEST_SILENCE:
                break
    except (Unreachable, ApiError):
        pass
    yield Close()
    return latest


def _opened(calls: Calls, job_id: str) -> Flow[EventParser]:
    """A parser for the stream that this opens. Raises NoAnswer, Unreachable and ApiError."""
    headers = {"Accept": MEDIA_TYPE}
    response = yield Open(Request("GET", f"{_path(job_id)}/events", LONGEST_SILENCE, headers=headers))
    if not response.headers.get("content-type", "").startswith(MEDIA_TYPE):
        result(response, calls.api)
        raise Unreachable(f"{calls.api} sends no event stream.")
    return EventParser(calls.api)


def _next_events(calls: Calls, parser: EventParser) -> Flow[list[JobEvent] | None]:
    """The events that the next piece completes, often none; None at the end. Raises NoAnswer and Unreachable."""
    piece: Any = yield Read()
    if not piece:
        return None
    try:
        return list(parser.feed(piece))
    except ValueError as error:
        raise Unreachable(f"The server at {calls.api} is not Lichtbild's API: {error}") from error


def _path(job_id: str) -> str:
    return f"/v1/jobs/{segment(job_id)}"


def _is_settled(job: Job) -> bool:
    return job.is_final or job.paused_itself


def _ignore(_job: Job) -> None:
    """Ignores the progress."""
