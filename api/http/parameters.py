"""Query parameters and headers that several routes read."""

import re
from collections.abc import Collection, Sequence
from typing import TypeVar

from flask import request

from shared.catalogue.interface import DEFAULT_COLLECTION, check_name
from shared.errors import InvalidRequestError

Choice = TypeVar("Choice", bound=str)

MAX_WAIT_SECONDS = 30.0


def only(known: Collection[str]) -> None:
    """Reject unknown query parameters, so that a misspelt one is not ignored."""
    for name in request.args:
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            raise InvalidRequestError(f"Unknown query parameter {name!r}; this path accepts: {names}.")


def collection() -> str:
    """`?collection=`, checked."""
    return check_name(request.args.get("collection", DEFAULT_COLLECTION))


def wait_seconds() -> float:
    """`?wait=N`, at most 30."""
    text = request.args.get("wait", "0")
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", text):
        raise InvalidRequestError("`wait` must be a number of seconds.")
    return min(float(text), MAX_WAIT_SECONDS)


def preferred_wait() -> int | None:
    """`Prefer: wait=N` (RFC 7240), at most 30; None without it. Other preferences are ignored, as the RFC requires."""
    found = re.search(
        r'(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;])', request.headers.get("Prefer", ""), re.IGNORECASE
    )
    return min(int(found[1]), int(MAX_WAIT_SECONDS)) if found else None


def idempotency_key() -> str | None:
    """`Idempotency-Key`, with or without quotes; None without it."""
    text = request.headers.get("Idempotency-Key")
    if text is None:
        return None
    key = text.strip().removeprefix('"').removesuffix('"')
    if not re.fullmatch(r"[\x20-\x7e]{1,255}", key):
        raise InvalidRequestError("`Idempotency-Key` must be 1 to 255 printable ASCII characters.")
    return key


def ratio(name: str) -> float | None:
    """A number in [0, 1); None without the parameter."""
    text = request.args.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"0|0?\.\d{1,9}", text):
        raise InvalidRequestError(f"`{name}` must be a number from 0 to less than 1, for example 0.05.")
    return float(text)


def one_of(name: str, known: Sequence[Choice]) -> Choice | None:
    """One of the known values; None without the parameter."""
    text = request.args.get(name)
    if text is None:
        return None
    for value in known:
        if value == text:
            return value
    raise InvalidRequestError(f"`{name}` must be one of {', '.join(known)}.")


def whole_number(name: str, default: int, low: int, high: int) -> int:
    """A whole number within bounds."""
    text = request.args.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", text) or not low <= int(text) <= high:
        raise InvalidRequestError(f"`{name}` must be a whole number from {low} to {high}.")
    return int(text)
