"""Follows a job to its end by long polls."""

from __future__ import annotations

import time
from collections.abc import Callable

from lichtbild.errors import JobPaused, StillRunning
from lichtbild.models import Job

# The longest poll that the API grants.
LONGEST_POLL = 30.0
# With progress shown, the job is read about twice a second.
PROGRESS_POLL = 0.5


def follow(
    job: Job,
    read: Callable[[float], Job],
    sleep: Callable[[float], None],
    *,
    deadline: float,
    timeout: float,
    on_progress: Callable[[Job], None] | None,
) -> Job:
    """Return the job once it has ended. `read` polls it for at most the given seconds, `deadline` is a monotonic time,
    `on_progress` is called with every state that was read. Raises JobPaused, and StillRunning, which names `timeout`.
    """
    longest = LONGEST_POLL if on_progress is None else PROGRESS_POLL
    while True:
        if on_progress is not None:
            on_progress(job)
        if job.is_final:
            return job
        if job.paused_itself:
            raise JobPaused(job)
        asked = time.monotonic()
        if asked >= deadline:
            raise StillRunning(job.id, timeout)
        wait = min(longest, deadline - asked)
        job = read(wait)
        # An API with too many waiting clients responds immediately: keep the interval.
        if not job.is_final:
            sleep(max(0.0, min(wait, PROGRESS_POLL) - (time.monotonic() - asked)))
