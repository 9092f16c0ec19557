"""Every request has an id, given in `X-Request-ID` or made here. It is in the answer, in problems, logs and jobs."""

import logging
import re
import secrets
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HEADER = "X-Request-ID"
PATTERN = "^[A-Za-z0-9._-]{1,128}$"
_VALID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_current: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """The id of the request that this thread answers; empty outside of a request."""
    return _current.get()


class RequestIds:
    """WSGI middleware, outside of all others. An id that does not match `PATTERN` is replaced: it goes into logs."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        request_id = given if _VALID.fullmatch(given) else secrets.token_hex(10)
        _current.set(request_id)

        def starting(status: str, headers: list[tuple[str, str]], *rest: Any) -> Callable[[bytes], object]:
            return start_response(status, [*headers, (HEADER, request_id)], *rest)

        # A streamed body is made after this call, in the same thread: the id stays until the server closes the answer.
        return ClosingIterator(self._app(environ, starting), _forget)


def _forget() -> None:
    _current.set("")


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to log records: ` [ID]` within a request, else an empty text."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = f" [{current()}]" if current() else ""
        return True


def log_handler() -> logging.Handler:
    """Writes log lines with their request's id to stderr."""
    handler = logging.StreamHandler()
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s%(request_id)s: %(message)s"))
    return handler
