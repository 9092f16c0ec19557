"""When a webhook that was not accepted is sent again: exponential backoff with full jitter, for a day."""

import random
from collections.abc import Callable

from shared.ledger.deliveries import Next

DAY_SECONDS = 86_400.0
_FIRST_SECONDS = 10.0
_LONGEST_SECONDS = 3600.0
# While a server does not answer, only one of its webhooks is tried in this time.
_PAUSE_SECONDS = 30.0
_GONE = 410

Jitter = Callable[[float, float], float]


def after_answer(
    status: int, retry_after: float, attempts: int, age_seconds: float, jitter: Jitter = random.uniform
) -> Next:
    """What follows the answer to the attempt number `attempts`, made `age_seconds` after the event."""
    if 200 <= status < 300:
        return Next("delivered")
    if status == _GONE:
        return Next("failed")
    return _again(attempts, age_seconds, jitter, at_least=min(retry_after, _LONGEST_SECONDS))


def without_answer(attempts: int, age_seconds: float, jitter: Jitter = random.uniform) -> Next:
    """What follows an attempt without an answer."""
    return _again(attempts, age_seconds, jitter, pause=_PAUSE_SECONDS)


def _again(attempts: int, age_seconds: float, jitter: Jitter, *, at_least: float = 0.0, pause: float = 0.0) -> Next:
    longest = min(_LONGEST_SECONDS, _FIRST_SECONDS * 2.0 ** min(attempts - 1, 20))
    delay = max(at_least, jitter(0.0, longest))
    return Next("failed" if age_seconds + delay > DAY_SECONDS else None, delay, pause)
