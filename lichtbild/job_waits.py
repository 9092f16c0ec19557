"""Follows a job to its end: by Server-Sent Events, and by long polls where a proxy breaks streams."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing

from lichtbild.errors import ApiError, JobPaused, StillRunning, Unreachable
from lichtbild.events import LONGEST_SILENCE, EventParser, JobEvent
from lichtbild.models import Job
from lichtbild.transport import NoAnswer, Transport, pauses, segment

# The longest poll that the API grants.
LONGEST_POLL = 30.0
# With progress shown, the job is polled about twice a second.
PROGRESS_POLL = 0.5
_NEVER = float("inf")

OnProgress = Callable[[Job], None]


class JobFollower:
    """Reads jobs over one transport. Deadlines are monotonic times."""

    def __init__(self, http: Transport) -> None:
        self._http = http

    def read(self, job_id: str, wait: float = 0.0, deadline: float = _NEVER) -> Job:
        """The job once it has ended, or after `wait` seconds. Raises Unreachable and ApiError."""
        params = {"wait": f"{wait:.3f}"} if wait else {}
        answer = self._http.call("GET", _path(job_id), params=params, wait=wait, deadline=deadline)
        return Job.from_json(answer, self._http.api)

    def events(self, job_id: str) -> Iterator[JobEvent]:
        """The job's events until `done`. A broken stream is reopened with backoff; each event restarts the patience.

        Raises Unreachable and ApiError."""
        waits, give_up = pauses(), time.monotonic() + self._http.patience
        while True:
            try:
                for event in self._stream(job_id):
                    if event is not None:
                        yield event
                        if event.type == "done":
                            return
                    waits, give_up = pauses(), time.monotonic() + self._http.patience
                raise NoAnswer(f"The event stream of {self._http.api} ended before the job.")
            except (NoAnswer, ApiError) as error:
                pause = max(next(waits), error.retry_after or 0.0)
                if not error.is_temporary or time.monotonic() + pause > give_up:
                    raise
            self._http.sleep(pause)

    def wait(self, job_id: str, deadline: float, timeout: float, on_progress: OnProgress | None) -> Job:
        """The job once it has ended, by events as long as streams work. Errors as in `poll`."""
        show = on_progress or _ignore
        job = self.read(job_id, deadline=deadline)
        # A stream may block for its longest silence; polls end at the deadline.
        while not _is_settled(job) and deadline - time.monotonic() > 2 * LONGEST_SILENCE:
            latest = self._last_of_stream(job, deadline, show)
            if latest is None:
                break
            job = latest
            if not _is_settled(job):
                self._http.sleep(PROGRESS_POLL)
                job = self.read(job_id, deadline=deadline)
        return self.poll(job, deadline, timeout, on_progress)

    def poll(self, job: Job, deadline: float, timeout: float, on_progress: OnProgress | None = None) -> Job:
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
            wait = min(longest, deadline - asked)
            job = self.read(job.id, wait, deadline)
            # An API with too many waiting clients responds immediately: keep the interval.
            if not job.is_final:
                self._http.sleep(max(0.0, min(wait, PROGRESS_POLL) - (time.monotonic() - asked)))

    def _last_of_stream(self, job: Job, deadline: float, show: OnProgress) -> Job | None:
        """The job of the stream's last event, with `show` called for each before it; None if there was no event."""
        latest: Job | None = None
        try:
            with closing(self._stream(job.id)) as stream:
                for event in stream:
                    if event is not None:
                        latest = event.job
                        if _is_settled(latest):
                            break
                        show(latest)
                    if deadline - time.monotonic() <= LONGEST_SILENCE:
                        break
        except (Unreachable, ApiError):
            pass
        return latest

    def _stream(self, job_id: str) -> Generator[JobEvent | None, None, None]:
        """The events of one stream, None for each piece of it that completes none."""
        parser = EventParser(self._http.api)
        with closing(self._http.stream(f"{_path(job_id)}/events", LONGEST_SILENCE)) as pieces:
            for piece in pieces:
                try:
                    events: list[JobEvent | None] = [*parser.feed(piece)]
                except ValueError as error:
                    raise Unreachable(f"The server at {self._http.api} is not Lichtbild's API: {error}") from error
                yield from events or [None]


def _path(job_id: str) -> str:
    return f"/v1/jobs/{segment(job_id)}"


def _is_settled(job: Job) -> bool:
    return job.is_final or job.paused_itself


def _ignore(_job: Job) -> None:
    """Ignores the progress."""
