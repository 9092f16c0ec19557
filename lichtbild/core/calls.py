"""Calls of the API that are safe to repeat, with the one rule by which both clients retry them."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from lichtbild.core.answers import parsed, result
from lichtbild.core.effects import Emit, Flow, Items, NoAnswer, Pause, Request
from lichtbild.errors import ApiError

DEFAULT_COLLECTION = "photos"
NEVER = float("inf")
_PAGE = 1000
# An answer that the API sends at the deadline still has to arrive.
_GRACE_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 8.0

T = TypeVar("T")


@dataclass(frozen=True)
class Calls:
    """The calls of one API. In seconds: `timeout` is the longest silence of the API, `patience` how long a call is
    retried. Deadlines are monotonic times."""

    api: str
    timeout: float
    patience: float

    def call(self, method: str, path: str, *, wait: float = 0.0, deadline: float = NEVER, **parts: Any) -> Flow[Any]:
        """The JSON of the answer. `wait` is how many seconds the API may hold the request; `parts` are fields of
        Request. Raises Unreachable or ApiError."""
        give_up = min(time.monotonic() + self.patience, deadline)
        waits = pauses()
        while True:
            try:
                response = yield self.request(method, path, wait, deadline, **parts)
                return result(response, self.api)
            except (NoAnswer, ApiError) as error:
                pause = max(next(waits), error.retry_after or 0.0)
                if not error.is_temporary or time.monotonic() + pause > give_up:
                    raise
            yield Pause(pause)

    def items(self, path: str, read: Callable[[Any], Iterable[T]], params: Mapping[str, Any]) -> Items[T]:
        """What `read` finds on every page of a list. Raises Unreachable or ApiError."""
        cursor: str | None = None
        while True:
            page = yield from self.call("GET", path, params={**params, "limit": _PAGE, "cursor": cursor})
            for item in read(page):
                yield Emit(item)
            cursor = page["next_cursor"]
            if not cursor:
                return

    def ask(self, path: str) -> Flow[tuple[int, Any]]:
        """GET without retries: status and JSON, for any status. Raises Unreachable."""
        response = yield self.request("GET", path)
        return response.status, parsed(response, self.api)

    def request(self, method: str, path: str, wait: float = 0.0, deadline: float = NEVER, **parts: Any) -> Request:
        """The request, with the longest silence that its deadline allows; parameters that are None are left out."""
        silence = min(self.timeout + wait, max(0.0, deadline - time.monotonic()) + _GRACE_SECONDS)
        params = {name: value for name, value in (parts.pop("params", None) or {}).items() if value is not None}
        return Request(method, path, silence, params, **parts)


def segment(value: str) -> str:
    """Percent-encode an id as one segment of a path, even if it contains `/`."""
    return quote(value, safe="")


def pauses() -> Iterator[float]:
    """Exponential backoff in seconds, from 0.2 to 8 with up to 25 % jitter, so that many clients spread out."""
    pause = _FIRST_PAUSE
    while True:
        yield pause * random.uniform(0.75, 1.0)  # noqa: S311 - not a secret
        pause = min(pause * 2, _LONGEST_PAUSE)
