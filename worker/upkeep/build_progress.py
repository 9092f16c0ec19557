"""Decides whether an index build whose server reports an error has failed finally."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from cachetools import LRUCache

# A part of a million rows takes two cores about 23 minutes.
STALL_SECONDS = 1800.0


@dataclass(frozen=True, slots=True)
class _Look:
    """A number of unindexed parts, and the time of the clock at which it last fell."""

    unindexed: int
    since: float


class BuildProgress:
    """Servers continue with the other parts after a failure, retry, and keep reporting the failure meanwhile.

    So an error is final only if the number of unindexed parts has not fallen for `stall_seconds`.
    """

    def __init__(self, stall_seconds: float = STALL_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._stall_seconds = stall_seconds
        self._clock = clock
        self._looks: LRUCache[str, _Look] = LRUCache(1024)

    def has_stalled(self, job_id: str, unindexed: int) -> bool:
        """Record the number of unindexed parts of a job's collection; True if it has not fallen for `stall_seconds`."""
        now = self._clock()
        last = self._looks.get(job_id)
        since = now if last is None or unindexed < last.unindexed else last.since
        self._looks[job_id] = _Look(unindexed, since)
        return now - since >= self._stall_seconds
