"""A thief of doorbells: it takes Celery's messages from the queue before any worker does."""

import threading
from typing import Self

from tests.stack import Lichtbild, wait_for

QUEUE = "lichtbild:celery:ingest"
_NAME = "bell-thief"
# Redis serves the client first that has waited longest, and a worker waits for a second at a time: whoever has waited
# for longer than that gets the bell.
_LONGEST_SECONDS = 1
# So that many bells in a row are stolen before a worker's turn comes.
_THIEVES = 8


class BellThief:
    """Steals every bell of the ingest queue inside the block; `stolen` counts them."""

    def __init__(self, lichtbild: Lichtbild) -> None:
        self._redis = lichtbild.redis
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._steal, daemon=True) for _ in range(_THIEVES)]
        self._lock = threading.Lock()
        self.stolen = 0

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        wait_for(self._is_first_in_line, "the thieves to have waited for longer than any worker")
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._redis.rpush(f"{QUEUE}-end", *["end"] * _THIEVES)
        for thread in self._threads:
            thread.join(30)
        self._redis.delete(f"{QUEUE}-end")

    def _steal(self) -> None:
        with self._redis.client() as connection:
            connection.client_setname(_NAME)
            while not self._over.is_set():
                taken = connection.brpop([QUEUE, f"{QUEUE}-end"], timeout=0)
                with self._lock:
                    self.stolen += taken[0].decode() == QUEUE

    def _is_first_in_line(self) -> bool:
        waiting = [client for client in self._redis.client_list() if client["name"] == _NAME]
        return len(waiting) == _THIEVES and all(int(client["idle"]) > _LONGEST_SECONDS for client in waiting)
