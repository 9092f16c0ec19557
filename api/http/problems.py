"""Every error as `application/problem+json` (RFC 9457), with a stable `type`."""

import json
import logging
import math
from collections.abc import Sequence
from http import HTTPStatus

from flask import Flask, Response, request
from redis.exceptions import RedisError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from api.http import request_id
from shared.domain.answer_json import to_json
from shared.domain.results import Problem
from shared.errors import Fault, InvalidRequestError, LichtbildError, MalformedError, OverloadedError, SearchesFullError

log = logging.getLogger(__name__)

_RETRY_SECONDS = 5
_BACKLOG_SECONDS = 30


def problem(
    status: int, code: str, detail: str, retry_seconds: int = _RETRY_SECONDS, faults: Sequence[Fault] = ()
) -> Response:
    """One error for the client. `type` is `urn:lichtbild:CODE`; `title` is the status in words."""
    body = Problem(
        type=f"urn:lichtbild:{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        request_id=request_id.current(),
        faults=faults,
    )
    response = Response(json.dumps(to_json(body)), status=status, content_type="application/problem+json")
    if status in (429, 503):
        response.headers["Retry-After"] = str(retry_seconds)
    return response


def install(app: Flask) -> None:
    """Turn every exception of a route into a problem response."""
    app.register_error_handler(LichtbildError, _ours)
    app.register_error_handler(RedisError, _redis_away)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _ours(error: LichtbildError) -> Response:
    faults = error.faults if isinstance(error, InvalidRequestError | MalformedError) else ()
    return problem(error.status, error.code, str(error), _patience(error), faults)


def _patience(error: LichtbildError) -> int:
    """Seconds after which a retry may succeed."""
    if isinstance(error, SearchesFullError):
        # The age of the oldest search is about the time that the queue needs.
        return min(_BACKLOG_SECONDS, math.ceil(error.waited_seconds) or 1)
    # A backlog of items shrinks slowly; other temporary errors end soon.
    return _BACKLOG_SECONDS if isinstance(error, OverloadedError) else _RETRY_SECONDS


def _redis_away(error: RedisError) -> Response:
    log.warning("Redis: %s", type(error).__name__)
    return problem(503, "unavailable", "Redis cannot be reached or is full; try again shortly.")


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    code = HTTPStatus(status).phrase.lower().replace(" ", "_").replace("-", "_").replace("'", "")
    code = "too_large" if status == 413 else code
    response = problem(status, code, _detail(error))
    for name, value in error.get_headers():
        if name.lower() in ("allow", "www-authenticate", "location"):
            response.headers[name] = value
    return response


def _detail(error: HTTPException) -> str:
    """The framework's own text speaks of pages and spelling."""
    if isinstance(error, NotFound):
        return f"There is no {request.path}; /openapi.json lists all paths."
    if isinstance(error, MethodNotAllowed):
        allowed = ", ".join(sorted(error.valid_methods or ()))
        return f"{request.method} is not possible here; {request.path} accepts {allowed}."
    return error.description or HTTPStatus(error.code or 500).phrase


def _unexpected(error: Exception) -> Response:
    log.error("A request failed unexpectedly.", exc_info=error)
    return problem(500, "internal", "Internal error; see the log of the API.")
