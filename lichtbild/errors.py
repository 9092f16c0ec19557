"""The errors of the client, all below LichtbildError."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lichtbild.models import Job


class LichtbildError(Exception):
    """Base of all errors that this package defines."""


class Unreachable(LichtbildError):  # noqa: N818 - a condition, not a fault of the program
    """No server answers at the API's address, or one that is not Lichtbild's API."""


class OutcomeUnknown(LichtbildError):  # noqa: N818
    """The connection broke after a whole ingest was sent, and the source could not be read again: the job may exist.
    Check the newest jobs before sending it again."""


class UnknownFormat(LichtbildError):  # noqa: N818
    """The file has none of the formats that can be ingested: a table, NDJSON, or the zip of Unsplash's dataset."""


class BrokenFile(LichtbildError):  # noqa: N818
    """The file has a known format and is damaged; none of it was ingested."""


class InvalidItem(LichtbildError):  # noqa: N818
    """An item cannot be sent; the text names it and the reason."""


class ApiError(LichtbildError):
    """The API refused a request. `code` is stable (`not_found`, `invalid_request` …), `detail` is for people."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({code}, HTTP {status})")
        self.status = status
        self.code = code
        self.detail = detail


class JobFailed(LichtbildError):  # noqa: N818
    """The job ended as `failed` or `cancelled`. `code` is the code of its error, or `cancelled`."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.code = job.error.code if job.error else job.status
        self.detail = job.error.detail if job.error else f"The job was {job.status}."
        super().__init__(f"{self.detail} ({self.code}, job {job.id})")


class JobPaused(LichtbildError):  # noqa: N818
    """The job paused because more of it failed than its `max_failed_ratio`: resume or cancel it. `code` is
    `too_many_failures`."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.code = job.error.code if job.error else job.status
        self.detail = job.error.detail if job.error else "The job is paused."
        super().__init__(f"{self.detail} ({self.code}, job {job.id})")


class StillRunning(LichtbildError):  # noqa: N818
    """The job did not end within the caller's timeout; it continues."""

    def __init__(self, job_id: str, seconds: float) -> None:
        super().__init__(f"Job {job_id} has not ended after {seconds:g} s; it continues.")
        self.job_id = job_id
