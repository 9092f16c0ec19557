"""Shared by the routes whose answer waits for searches: the finished jobs, or their present state."""

import time
from collections.abc import Sequence

from api.http.operations import Reply
from api.http.parameters import Parameters, PreferredWait
from api.routes.address import api_url, job_url
from api.services import services
from shared.domain.job import Job
from shared.domain.job_view import job_view
from shared.domain.results import JobList


class Awaiting(Parameters):
    """`Prefer: wait=N`."""

    wait: PreferredWait = None


def awaited(job_id: str, wait: int | None) -> Reply:
    """The job: 200 if it ends within `wait` seconds, else 202."""
    job = services().watcher.wait(job_id, wait or 0)
    headers = {"Location": job_url(job_id), **_headers([job], wait)}
    return Reply(job_view(job, api_url()), _status([job]), headers)


def awaited_all(job_ids: Sequence[str], wait: int | None) -> Reply:
    """The jobs, in their order: 200 if all end within `wait` seconds, else 202."""
    deadline = time.monotonic() + (wait or 0)
    jobs = [services().watcher.wait(job_id, deadline - time.monotonic()) for job_id in job_ids]
    return Reply(JobList([job_view(job, api_url()) for job in jobs]), _status(jobs), _headers(jobs, wait))


def _status(jobs: Sequence[Job]) -> int:
    return 200 if all(job.is_final for job in jobs) else 202


def _headers(jobs: Sequence[Job], wait: int | None) -> dict[str, str]:
    applied = {} if wait is None else {"Preference-Applied": f"wait={wait}"}
    return applied if _status(jobs) == 200 else {**applied, "Retry-After": "1"}
