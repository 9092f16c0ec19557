"""The errors of the client, all below LichtbildError; one class for each type of problem is below ApiError."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from lichtbild.models import Job


_TEMPORARY = frozenset({429, 502, 503, 504})


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


class ConfigError(LichtbildError, ValueError):
    """The config file cannot be read, or has no profile of this name."""


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
    """The job did not end within the caller's timeout; it continues. `waits_for` is the job for which it waits."""

    def __init__(self, job_id: str, seconds: float, waits_for: str | None = None) -> None:
        reason = f", since it waits for job {waits_for}" if waits_for else ""
        super().__init__(f"Job {job_id} has not ended after {seconds:g} s{reason}; it continues.")
        self.job_id = job_id


class MissingPackage(LichtbildError, ImportError):  # noqa: N818
    """A method needs an optional package; the text names what to install."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a refused request. `pointer` is its place in the body as a JSON pointer, `parameter` the query
    parameter or header that has it; of a list, `line` (from 1) and `column` are its place. `hint` is what to change."""

    message: str
    pointer: str | None = None
    parameter: str | None = None
    line: int | None = None
    column: str | None = None
    hint: str | None = None

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Fault:
        names = ("pointer", "parameter", "line", "column", "hint")
        return cls(body["message"], *(body.get(name) for name in names))


class ApiError(LichtbildError):
    """The API refused a request. `code` is stable (`not_found`, `invalid_request` …), `detail` is for people.

    `faults` has every fault of an invalid request, `detail` the first one. `retry_after` is the number of seconds after
    which the API expects a retry to succeed, None if it names none. `request_id` identifies the request in the API's
    log, None if the API sends no `X-Request-ID`. A code without a class of its own raises ApiError itself.
    """

    codes: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        retry_after: float | None = None,
        request_id: str | None = None,
        *,
        faults: Sequence[Fault] = (),
    ) -> None:
        super().__init__(f"{detail} ({code}, HTTP {status})")
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after = retry_after
        self.request_id = request_id
        self.faults = tuple(faults)

    def __reduce__(self) -> tuple[Any, ...]:
        """Errors of a process pool are pickled."""
        fields = (self.status, self.code, self.detail, self.retry_after, self.request_id)
        return partial(type(self), faults=self.faults), fields

    @property
    def is_temporary(self) -> bool:
        """Whether nothing was done and a retry may succeed: HTTP 429, 502, 503 or 504."""
        return self.status in _TEMPORARY


class InvalidRequest(ApiError):  # noqa: N818
    """The request can never be accepted; `detail` names the field to change."""

    codes = ("invalid_request",)


class Malformed(ApiError):  # noqa: N818
    """The body cannot be parsed."""

    codes = ("malformed", "bad_request")


class UnsupportedType(ApiError):  # noqa: N818
    """The body has a content type that the API does not accept."""

    codes = ("unsupported_media_type",)


class Unauthorized(ApiError):  # noqa: N818
    """The API key is missing or wrong."""

    codes = ("unauthorized",)


class NotFound(ApiError):  # noqa: N818
    """The job, photo or collection does not exist."""

    codes = ("not_found",)


class Conflict(ApiError):  # noqa: N818
    """The job's state does not allow this."""

    codes = ("conflict",)


class TooLarge(ApiError):  # noqa: N818
    """The body, or an image in it, exceeds its size limit."""

    codes = ("too_large",)


class UploadsOff(ApiError):  # noqa: N818
    """The API accepts images by URL alone."""

    codes = ("uploads_off",)


class Overloaded(ApiError):  # noqa: N818
    """Too much work is waiting; nothing was accepted."""

    codes: ClassVar[tuple[str, ...]] = ("overloaded", "too_many_requests")


class SpoolFull(Overloaded):
    """Too many uploaded images are waiting for a worker; nothing was accepted."""

    codes = ("spool_full",)


class Unavailable(ApiError):  # noqa: N818
    """Redis or the catalogue cannot be reached; nothing was lost."""

    codes = ("unavailable", "service_unavailable")


class ModelMismatch(ApiError):  # noqa: N818
    """The collection has vectors of another model."""

    codes = ("model_mismatch",)


class NewerSchema(ApiError):  # noqa: N818
    """A newer version of Lichtbild has written the collection."""

    codes = ("newer_schema",)


class InternalError(ApiError):
    """A fault of the API itself; its log has the details."""

    codes = ("internal", "configuration", "internal_server_error")


_CLASSES = (
    InvalidRequest,
    Malformed,
    UnsupportedType,
    Unauthorized,
    NotFound,
    Conflict,
    TooLarge,
    UploadsOff,
    Overloaded,
    SpoolFull,
    Unavailable,
    ModelMismatch,
    NewerSchema,
    InternalError,
)
_BY_CODE: dict[str, type[ApiError]] = {code: kind for kind in _CLASSES for code in kind.codes}


def refusal(
    status: int,
    code: str,
    detail: str,
    retry_after: float | None = None,
    request_id: str | None = None,
    *,
    faults: Sequence[Fault] = (),
) -> ApiError:
    """The error for a problem, of the class that belongs to its code."""
    return _BY_CODE.get(code, ApiError)(status, code, detail, retry_after, request_id, faults=faults)
