"""What a response means: the JSON of a success, or the error for a refusal."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any

from lichtbild.core.effects import Response
from lichtbild.errors import ApiError, Fault, Unreachable, refusal


def result(response: Response, api: str) -> Any:
    """The JSON of a successful response, None for 204. Raises ApiError or Unreachable."""
    if response.status == 204:
        return None
    if 200 <= response.status < 300:
        return parsed(response, api)
    raise _problem(response)


def parsed(response: Response, api: str) -> Any:
    """The JSON of a response of any status. Raises Unreachable."""
    try:
        return json.loads(response.content)
    except ValueError:
        raise Unreachable(f"The server at {api} is not Lichtbild's API.") from None


def _problem(response: Response) -> ApiError:
    """The error in an `application/problem+json`, or one made from the status alone."""
    status = response.status
    notes = (_retry_after(response.headers), response.headers.get("x-request-id"))
    try:
        problem = json.loads(response.content)
        faults = tuple(Fault.from_json(fault) for fault in problem.get("faults", ()))
        return refusal(status, problem["type"].rpartition(":")[2], problem["detail"], *notes, faults=faults)
    except (ValueError, KeyError, TypeError, AttributeError):
        to = response.headers.get("location")
        where = f" and redirects to {to}" if to and 300 <= status < 400 else ""
        return ApiError(status, f"http_{status}", f"{response.url} returned {response.reason}{where}.", *notes)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` in seconds, from a number or a date; None without a valid one."""
    text = headers.get("retry-after", "")
    with suppress(ValueError):
        return max(0.0, float(text))
    with suppress(ValueError):
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    return None
