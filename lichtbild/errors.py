"""What can go wrong for a user of the client: one base class, one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lichtbild.models import Job


class LichtbildError(Exception):
    """Base of every error this package raises on purpose."""


class Unreachable(LichtbildError):  # noqa: N818 - reads as what it says
    """Nothing answers at the API's address, or something that is not Lichtbild."""


class OutcomeUnknown(LichtbildError):  # noqa: N818
    """The connection broke after a whole ingest was sent, and could not be repeated: look at the newest jobs before
    sending it again."""


class UnknownFormat(LichtbildError):  # noqa: N818
    """The file is not one that can be ingested: neither a table, nor NDJSON, nor the zip of Unsplash's dataset."""


class BrokenFile(LichtbildError):  # noqa: N818
    """The file is of a known format and damaged; nothing of it was ingested."""


class ApiError(LichtbildError):
    """The API refused. `code` is stable (`not_found`, `invalid_request` …), `detail` is for a person."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({code}, HTTP {status})")
        self.status = status
        self.code = code
        self.detail = detail


class JobFailed(LichtbildError):  # noqa: N818
    """The job ended as `failed` or `cancelled`. `code` is the job's own, or `cancelled`."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.code = job.error.code if job.error else job.status
        self.detail = job.error.detail if job.error else f"The job was {job.status}."
        super().__init__(f"{self.detail} ({self.code}, job {job.id})")


class JobPaused(LichtbildError):  # noqa: N818
    """The job paused itself, since more of it failed than its `max_failed_ratio`: resume or cancel it. `code` is
    `too_many_failures`."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.code = job.error.code if job.error else job.status
        self.detail = job.error.detail if job.error else "The job is paused."
        super().__init__(f"{self.detail} ({self.code}, job {job.id})")


class StillRunning(LichtbildError):  # noqa: N818
    """The job had not ended when the caller's time was up; it goes on."""

    def __init__(self, job_id: str, seconds: float) -> None:
        super().__init__(f"Job {job_id} has not ended after {seconds:g} s; it goes on.")
        self.job_id = job_id
