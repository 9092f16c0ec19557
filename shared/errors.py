"""All errors of Lichtbild, each with a stable code, an HTTP status, and whether a retry may succeed."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a request."""

    __pydantic_config__ = {"use_attribute_docstrings": True}  # noqa: RUF012 - pydantic reads it from the class

    message: str
    """What is wrong."""
    pointer: str | None = None
    """Where the fault is in the body, as a JSON pointer; the empty pointer is the body itself. Of NDJSON and tables:
    where it would be if the items were a JSON array."""
    parameter: str | None = None
    """The query parameter, header or part of the path that has the fault."""
    line: int | None = None
    """Of a list with lines: the line, from 1."""
    column: str | None = None
    """Of a list: the field of the item, or the column of the table."""
    hint: str | None = None
    """What to change or to type."""


class LichtbildError(Exception):
    """Base class of all errors that Lichtbild raises deliberately."""

    code = "internal"
    status = 500
    retryable = False


class ConfigurationError(LichtbildError):
    """A setting or a combination of settings is invalid. The message names what to change."""

    code = "configuration"


class InvalidRequestError(LichtbildError):
    """Valid syntax, invalid content: it can never be accepted. `detail` and `faults` name what to change."""

    code = "invalid_request"
    status = 422

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.faults = faults


class MalformedError(LichtbildError):
    """The body cannot be parsed."""

    code = "malformed"
    status = 400

    def __init__(self, detail: str, faults: Sequence[Fault] = ()) -> None:
        super().__init__(detail)
        self.faults = faults


class UnsupportedTypeError(LichtbildError):
    """The body has an unsupported content type."""

    code = "unsupported_media_type"
    status = 415


class NotFoundError(LichtbildError):
    """The job, photo or collection does not exist."""

    code = "not_found"
    status = 404


class ConflictError(LichtbildError):
    """The job's state does not allow the requested action."""

    code = "conflict"
    status = 409


class PayloadTooLargeError(LichtbildError):
    """The body, an image in it, or the number of items exceeds its limit."""

    code = "too_large"
    status = 413


class UploadsOffError(LichtbildError):
    """LICHTBILD_UPLOADS_FOLDER is not set; images can only be ingested by URL."""

    code = "uploads_off"
    status = 501


class SpoolFullError(LichtbildError):
    """Too many uploaded images are waiting for a worker; a later retry succeeds."""

    code = "spool_full"
    status = 429
    retryable = True


class UnavailableError(LichtbildError):
    """Redis, the catalogue or the disk for uploads is unavailable or full for a while. Nothing was lost."""

    code = "unavailable"
    status = 503
    retryable = True


class OverloadedError(LichtbildError):
    """Too much work is waiting; nothing was accepted."""

    code = "overloaded"
    status = 429
    retryable = True


class SearchesFullError(OverloadedError):
    """The search queue is full. `waited_seconds` is the age of its oldest search."""

    def __init__(self, most: int, waited_seconds: float) -> None:
        super().__init__(f"Search queue is full ({most}, LICHTBILD_MAX_WAITING_SEARCHES); try again later.")
        self.waited_seconds = waited_seconds


class ModelMismatchError(LichtbildError):
    """The collection has vectors of another model; mixing them would make every search wrong."""

    code = "model_mismatch"
    status = 409


class NewerSchemaError(LichtbildError):
    """A newer version of Lichtbild created the collection: update this one."""

    code = "newer_schema"
    status = 503


class ItemError(LichtbildError):
    """A fault of one image or query that does not affect others. `code` is from a small fixed set.

    `attempts` and `tried_seconds` are the number of attempts and their duration, if there was more than one. `host` is
    the host that caused the error, empty if it is the image's own.
    """

    status = 422

    def __init__(self, code: str, detail: str, *, retryable: bool = False) -> None:
        super().__init__(detail)
        self.code = code
        self.retryable = retryable
        self.attempts = 1
        self.tried_seconds = 0.0
        self.host = ""
