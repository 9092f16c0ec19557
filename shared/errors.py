"""The error tree: what can go wrong, with a stable code, an HTTP status, and whether trying again may help."""


class LichtbildError(Exception):
    """Base of all errors Lichtbild raises on purpose."""

    code = "internal"
    status = 500
    retryable = False


class ConfigurationError(LichtbildError):
    """A setting or a combination of settings cannot work; the message says what to set."""

    code = "configuration"


class InvalidRequestError(LichtbildError):
    """The client sent something that can never be accepted; the message says what to change."""

    code = "invalid_request"
    status = 422


class MalformedError(LichtbildError):
    """The body cannot be parsed at all."""

    code = "malformed"
    status = 400


class UnsupportedTypeError(LichtbildError):
    """The body is of a type that is not read here."""

    code = "unsupported_media_type"
    status = 415


class NotFoundError(LichtbildError):
    """There is no such job, photo or collection."""

    code = "not_found"
    status = 404


class ConflictError(LichtbildError):
    """The job's state does not allow what was asked."""

    code = "conflict"
    status = 409


class PayloadTooLargeError(LichtbildError):
    """The body, or an image in it, is over its limit."""

    code = "too_large"
    status = 413


class UploadsOffError(LichtbildError):
    """No folder for uploads is set; pictures can only be ingested by their URLs."""

    code = "uploads_off"
    status = 501


class SpoolFullError(LichtbildError):
    """Too many uploaded pictures wait for a worker; there will be room again."""

    code = "spool_full"
    status = 429
    retryable = True


class UnavailableError(LichtbildError):
    """Redis or the catalogue cannot be reached or refuses work for now; nothing was lost."""

    code = "unavailable"
    status = 503
    retryable = True


class OverloadedError(LichtbildError):
    """Too much waits already; nothing was accepted."""

    code = "overloaded"
    status = 429
    retryable = True


class SearchesFullError(OverloadedError):
    """As many searches wait as may. `waited_seconds` is how long the oldest of them has waited."""

    def __init__(self, most: int, waited_seconds: float) -> None:
        super().__init__(f"{most} searches wait, and no more may (LICHTBILD_MAX_WAITING_SEARCHES); try again later.")
        self.waited_seconds = waited_seconds


class ModelMismatchError(LichtbildError):
    """The collection holds vectors of another model; mixing them would make every search wrong."""

    code = "model_mismatch"
    status = 409


class NewerSchemaError(LichtbildError):
    """A newer version of Lichtbild laid the collection out in a way that this one does not know."""

    code = "newer_schema"
    status = 503


class ItemError(LichtbildError):
    """One image or query is at fault, never its neighbours. `code` is from a small fixed set.

    `attempts` and `tried_seconds` say how often and for how long it was tried, where that is more than once.
    """

    status = 422

    def __init__(self, code: str, detail: str, *, retryable: bool = False) -> None:
        super().__init__(detail)
        self.code = code
        self.retryable = retryable
        self.attempts = 1
        self.tried_seconds = 0.0
