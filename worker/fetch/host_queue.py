"""A queue by host: a reader gets the next item of any host with capacity, and never waits for a host without."""

import heapq
import itertools
import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from shared.errors import ItemError
from worker.fetch.host_limits import HostLimiter, HostPolicy, Outcome

T = TypeVar("T")

# State of at most this many idle hosts is kept (about 1 kB each); the least recently used is dropped first.
_MAX_IDLE_HOSTS = 4096


@dataclass(slots=True)
class _HostEntry(Generic[T]):
    limiter: HostLimiter
    waiting: deque[T] = field(default_factory=deque)
    wakes_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Turn(Generic[T]):
    """An item that holds a slot of its host until `end`; or, with a `refusal`, one that fails without a request."""

    item: T
    host: str
    began: float
    refusal: ItemError | None


class HostQueue(Generic[T]):
    """First in, first out within a host; round-robin over hosts. Thread-safe."""

    def __init__(self, policy: HostPolicy) -> None:
        self._policy = policy
        self._changed = threading.Condition()
        self._hosts: OrderedDict[str, _HostEntry[T]] = OrderedDict()
        self._ready: OrderedDict[str, None] = OrderedDict()
        # (time, number, host, item): when to look at a host again, and the item to queue then, if any.
        self._later: list[tuple[float, int, str, T | None]] = []
        self._numbers = itertools.count()
        self._is_closed = False

    def put(self, host: str, item: T, after: float = 0.0) -> bool:
        """Append an item now or in `after` seconds. Return False if the queue is closed."""
        with self._changed:
            if self._is_closed:
                return False
            if after:
                self._schedule(time.monotonic() + after, host, item)
            else:
                self._entry(host).waiting.append(item)
                self._ready[host] = None
            self._changed.notify()
        return True

    def take(self) -> Turn[T] | None:
        """Wait for an item whose host has capacity; None once the queue is closed."""
        with self._changed:
            while not self._is_closed:
                now = time.monotonic()
                if (turn := self._next(now)) is not None:
                    if self._ready:
                        self._changed.notify()
                    return turn
                self._changed.wait(self._later[0][0] - now if self._later else None)
        return None

    def end(self, turn: Turn[T], outcome: Outcome, error: ItemError | None = None, asked_pause: float = 0.0) -> None:
        """Free the turn's slot and record the outcome for the host."""
        with self._changed:
            entry = self._entry(turn.host)
            entry.limiter.end(outcome, turn.began, time.monotonic(), error, asked_pause)
            if entry.waiting:
                self._ready[turn.host] = None
            elif not entry.limiter.in_flight:
                self._forget_surplus()
            self._changed.notify()

    def close(self) -> list[T]:
        """Return the items that were not taken. Readers get None; turns in progress may still end."""
        with self._changed:
            self._is_closed = True
            left = [item for entry in self._hosts.values() for item in entry.waiting]
            left += [item for *_, item in self._later if item is not None]
            self._hosts.clear()
            self._later.clear()
            self._changed.notify_all()
        return left

    def _next(self, now: float) -> Turn[T] | None:
        while self._later and self._later[0][0] <= now:
            _, _, name, item = heapq.heappop(self._later)
            if item is not None:
                # Behind the others: otherwise a busy host would refuse the same few items again and again.
                self._entry(name).waiting.append(item)
            self._ready[name] = None
        while self._ready:
            name, _ = self._ready.popitem(last=False)
            entry = self._entry(name)
            if entry.waiting and (turn := self._turn(name, entry, now)) is not None:
                if entry.waiting:
                    self._ready[name] = None
                return turn
        return None

    def _turn(self, name: str, entry: _HostEntry[T], now: float) -> Turn[T] | None:
        refusal = entry.limiter.refusal(now)
        if refusal is None and not entry.limiter.has_room(now):
            # `end` makes it ready again, and so does the end of its pause.
            if now < entry.limiter.resumes_at != entry.wakes_at:
                entry.wakes_at = entry.limiter.resumes_at
                self._schedule(entry.limiter.resumes_at, name, None)
            return None
        if refusal is None:
            entry.limiter.begin(now)
        return Turn(entry.waiting.popleft(), name, now, refusal)

    def _entry(self, host: str) -> _HostEntry[T]:
        if host not in self._hosts:
            self._hosts[host] = _HostEntry(HostLimiter(self._policy))
        self._hosts.move_to_end(host)
        return self._hosts[host]

    def _schedule(self, when: float, host: str, item: T | None) -> None:
        heapq.heappush(self._later, (when, next(self._numbers), host, item))

    def _forget_surplus(self) -> None:
        for name in list(itertools.islice(self._hosts, max(0, len(self._hosts) - _MAX_IDLE_HOSTS))):
            entry = self._hosts[name]
            if not entry.waiting and not entry.limiter.in_flight:
                del self._hosts[name]
