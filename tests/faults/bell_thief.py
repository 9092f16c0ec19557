"""Steals doorbells: takes Celery's messages from the queue before any worker does."""

import threading
from typing import Self

from tests.stack import Lichtbild, wait_for

_BROKER = "lichtbild:celery:"
_NAME = "bell-thief"
# Redis serves the client that has waited longest, and a worker's BRPOP waits for one second: a client that has waited
# longer than that is served before all workers.
_LONGEST_SECONDS = 1
# This many successive bells are stolen before a worker's turn.
_THIEVES = 8


class BellThief:
    """Steals the bells of a queue inside the block; `stolen` counts them."""

    def __init__(self, lichtbild: Lichtbild, queue: str) -> None:
        self._redis = lichtbild.redis
        self._queue = _BROKER + queue
        self._end = f"{self._queue}-end"
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._steal, daemon=True) for _ in range(_THIEVES)]
        self._lock = threading.Lock()
        self.stolen = 0

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._redis.rpush(self._end, *["end"] * _THIEVES)
        for thread in self._threads:
            thread.join(30)
        self._redis.delete(self._end)

    def wait_in_line(self) -> None:
        """Wait until every thief is ahead of every worker: thieves get the next bells. No bell may ring meanwhile."""
        wait_for(self._is_first_in_line, "the thieves to be ahead of all workers")

    def _steal(self) -> None:
        with self._redis.client() as connection:
            connection.client_setname(_NAME)
            while not self._over.is_set():
                taken = connection.brpop([self._queue, self._end], timeout=0)
                with self._lock:
                    self.stolen += taken[0].decode() == self._queue

    def _is_first_in_line(self) -> bool:
        waiting = [one for one in self._redis.client_list() if one["name"] == _NAME and "b" in one["flags"]]
        return len(waiting) == _THIEVES and all(int(one["idle"]) > _LONGEST_SECONDS for one in waiting)


def delete_the_brokers_keys(lichtbild: Lichtbild) -> None:
    """Delete everything that Celery stores: bells in the queues, unacknowledged bells, bindings."""
    found = list(lichtbild.redis.scan_iter(match=f"{_BROKER}*", count=1000))
    if found:
        lichtbild.redis.delete(*found)
