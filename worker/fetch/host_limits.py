"""The load on one host: concurrent requests, pauses, and when to stop sending requests for a while.

Additive increase, multiplicative decrease as in TCP (Chiu & Jain, 1989): each round of good answers allows one more
concurrent request; a refusal or a failure halves the limit, once per round.
"""

import random
from dataclasses import dataclass, field
from enum import Enum, auto

from shared.errors import ItemError

_DAY = 86_400.0


class Outcome(Enum):
    """What the result of a request means for its host."""

    GOOD = auto()
    ANSWERED = auto()  # an error that is unrelated to the load on the host
    SLOW = auto()
    BUSY = auto()
    UNREACHABLE = auto()
    NOTHING = auto()  # no request was sent


@dataclass(frozen=True, slots=True)
class HostPolicy:
    """Limits that apply to every host. Times are in seconds."""

    initial_limit: int = 8
    """Concurrent requests to an unknown host. Browsers use 6."""
    max_limit: int = 32
    backoff: float = 0.5
    """First pause after a refusal or a failed connection. Doubles with each round, up to `max_pause`."""
    max_pause: float = 30.0
    """If a host requests a longer pause, its items fail until the pause is over."""
    max_failures: int = 10
    """Consecutive failed connections before the host is closed, unless it answered within `grace` seconds."""
    grace: float = 60.0
    """Most outages are shorter than this."""
    retry_interval: float = 3.0
    """How long a closed host fails its items without a request, before one request tries again. Also the longest pause
    after a failed connection, which is no sign of overload."""


@dataclass(slots=True)
class HostLimiter:
    """The state of one host. Times are in seconds of `time.monotonic` and passed in. Not thread-safe."""

    policy: HostPolicy
    limit: float = field(init=False)
    in_flight: int = 0
    failures: int = 0
    rounds: int = 0
    resumes_at: float = 0.0
    closed_until: float = 0.0
    answered_at: float | None = None
    slowed_at: float = 0.0
    full_at: float = -1.0
    closed_by: ItemError | None = None

    def __post_init__(self) -> None:
        self.limit = self.policy.initial_limit

    def has_room(self, now: float) -> bool:
        """Whether one more request may start."""
        return now >= self.resumes_at and self.in_flight < int(self.limit)

    def refusal(self, now: float) -> ItemError | None:
        """The error for this host's items while the host is closed, else None."""
        error = self.closed_by
        if error is None or now >= self.closed_until:
            return None
        left = f"in {self.closed_until - now:.0f} s"
        if self.failures:
            detail = f"The last {self.failures} connections to this host failed; next attempt {left}. {error}"
            return ItemError("host_unreachable", detail, retryable=True)
        return ItemError(error.code, f"{error} Its Retry-After ends {left}.", retryable=True)

    def begin(self, now: float) -> None:
        """Count a request that starts now."""
        self.in_flight += 1
        if self.in_flight >= int(self.limit):
            self.full_at = now

    def end(
        self, outcome: Outcome, began: float, now: float, error: ItemError | None = None, asked_pause: float = 0.0
    ) -> None:
        """Count the result of a request that started at `began`. `asked_pause` is its `Retry-After` in seconds."""
        self.in_flight -= 1
        if outcome is Outcome.NOTHING:
            return
        if outcome is Outcome.UNREACHABLE:
            self.failures += 1
        else:
            if self._is_dead(now):
                self.resumes_at = self.closed_until = now
            self.failures, self.answered_at = 0, now
        if outcome is Outcome.GOOD:
            self.rounds = 0
            # Raise the limit only if it was reached: otherwise it would grow without evidence.
            if self.full_at >= began:
                self.limit = min(float(self.policy.max_limit), self.limit + 1 / self.limit)
        elif outcome is not Outcome.ANSWERED:
            self._slow_down(outcome, began, now, error, min(asked_pause, _DAY))

    def _slow_down(
        self, outcome: Outcome, began: float, now: float, error: ItemError | None, asked_pause: float
    ) -> None:
        # Requests that began before the last slow-down must not halve the limit again.
        if began >= self.slowed_at:
            self.limit = max(1.0, self.limit / 2)
            self.slowed_at = now
            self.rounds += 1
        if outcome is Outcome.SLOW:
            return
        is_unreachable = outcome is Outcome.UNREACHABLE
        longest = self.policy.retry_interval if is_unreachable else self.policy.max_pause
        pause = min(longest, self.policy.backoff * 2 ** min(self.rounds - 1, 20))
        is_dead = is_unreachable and self._is_dead(now)
        if is_dead:
            self.limit, asked_pause = 1.0, self.policy.retry_interval
        # Jitter: workers that were refused together must not return together. `Retry-After` replaces our own backoff,
        # which would hold chunks for half a minute and more after each refusal.
        pause = asked_pause * random.uniform(1, 1.1) if asked_pause else pause * random.uniform(0.5, 1)  # noqa: S311
        self.resumes_at = max(self.resumes_at, now + pause)
        if is_dead or asked_pause > self.policy.max_pause:
            self.closed_until, self.closed_by = self.resumes_at, error

    def _is_dead(self, now: float) -> bool:
        answered_recently = self.answered_at is not None and now - self.answered_at < self.policy.grace
        return self.failures >= self.policy.max_failures and not answered_recently
