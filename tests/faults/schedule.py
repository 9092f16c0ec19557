"""A job's progress, and faults triggered by progress instead of time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import redis

from shared.ledger import keys
from tests.stack import FINAL, Lichtbild, wait_for


def settled(job: dict) -> int:
    return job["progress"]["total"] - job["progress"]["pending"]


def stored(job: dict) -> int:
    """Items in the table: those that a worker stored before it died are `unchanged` when they are repeated."""
    return job["progress"]["stored"] + job["progress"]["unchanged"]


def attempts(lichtbild: Lichtbild, job_id: str) -> int:
    """The highest count of attempts of any chunk that is neither settled nor released."""
    counts = lichtbild.redis.hgetall(keys.attempts(job_id))
    return max((int(count) for chunk, count in counts.items() if chunk.isdigit()), default=0)


@contextmanager
def counting_attempts(lichtbild: Lichtbild, job_id: str) -> Iterator[list[int]]:
    """The highest count of attempts observed inside the block."""
    over, seen = threading.Event(), [0]

    def look() -> None:
        while not over.wait(0.02):
            # A story may cut this connection, too.
            with suppress(redis.ConnectionError):
                seen[0] = max(seen[0], attempts(lichtbild, job_id))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def at_progress(lichtbild: Lichtbild, job_id: str, every: int, deadline: float) -> Iterator[int]:
    """Yield each time that `every` more items are settled, until the job has ended."""
    mark = every
    while True:

        def is_due() -> dict | None:
            job = lichtbild.look(job_id)
            return job if job and (job["status"] in FINAL or settled(job) >= mark) else None  # noqa: B023

        job = wait_for(is_due, f"{mark} settled items of job {job_id}", deadline)
        if job["status"] in FINAL:
            return
        yield settled(job)
        mark = settled(job) + every
