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
class _Lane(Generic[T]):
    host: HostLimiter
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
        self._lanes: OrderedDict[str, _Lane[T]] = OrderedDict()
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
                self._lane(host).waiting.append(item)
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
            lane = self._lane(turn.host)
            lane.host.end(outcome, turn.began, time.monotonic(), error, asked_pause)
            if lane.waiting:
                self._ready[turn.host] = None
            elif not lane.host.in_flight:
                self._forget_surplus()
            self._changed.notify()

    def close(self) -> list[T]:
        """Return the items that were not taken. Readers get None; turns in progress may still end."""
        with self._changed:
            self._is_closed = True
            left = [item for lane in self._lanes.values() for item in lane.waiting]
            left += [item for *_, item in self._later if item is not None]
            self._lanes.clear()
            self._later.clear()
            self._changed.notify_all()
        return left

    def _next(self, now: float) -> Turn[T] | None:
        while self._later and self._later[0][0] <= now:
            _, _, name, item = heapq.heappop(self._later)
            if item is not None:
                # Behind the others: otherwise a busy host would refuse the same few items again and again.
                self._lane(name).waiting.append(item)
            self._ready[name] = None
        while self._ready:
            name, _ = self._ready.popitem(last=False)
            lane = self._lane(name)
            if lane.waiting and (turn := self._turn(name, lane, now)) is not None:
                if lane.waiting:
                    self._ready[name] = None
                return turn
        return None

    def _turn(self, name: str, lane: _Lane[T], now: float) -> Turn[T] | None:
        refusal = lane.host.refusal(now)
        if refusal is None and not lane.host.has_room(now):
            # `end` makes it ready again, and so does the end of its pause.
            if now < lane.host.resumes_at != lane.wakes_at:
                lane.wakes_at = lane.host.resumes_at
                self._schedule(lane.host.resumes_at, name, None)
            return None
        if refusal is None:
            lane.host.begin(now)
        return Turn(lane.waiting.popleft(), name, now, refusal)

    def _lane(self, host: str) -> _Lane[T]:
        if host not in self._lanes:
            self._lanes[host] = _Lane(HostLimiter(self._policy))
        self._lanes.move_to_end(host)
        return self._lanes[host]

    def _schedule(self, when: float, host: str, item: T | None) -> None:
        heapq.heappush(self._later, (when, next(self._numbers), host, item))

    def _forget_surplus(self) -> None:
        for name in list(itertools.islice(self._lanes, max(0, len(self._lanes) - _MAX_IDLE_HOSTS))):
            lane = self._lanes[name]
            if not lane.waiting and not lane.host.in_flight:
                del self._lanes[name]
