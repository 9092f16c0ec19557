"""A job's progress, and what is done by it instead of by the clock."""

from collections.abc import Iterator

from tests.stack import FINAL, Lichtbild, wait_for


def settled(job: dict) -> int:
    return job["progress"]["total"] - job["progress"]["pending"]


def stored(job: dict) -> int:
    """What the table holds now: an image that was stored before its worker was lost is found `unchanged` after."""
    return job["progress"]["stored"] + job["progress"]["unchanged"]


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
