"""Caches each collection's model and number of photos, which saves a search worker one query per search."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from cachetools import LRUCache

from shared.catalogue.interface import Catalogue, Collection
from shared.errors import LichtbildError, NotFoundError

# Collections in the cache. Clients choose the names, also of collections that do not exist.
_SIZE = 1024
# Entries older than this are refreshed in the background: other clients may drop or recreate a collection. A search
# without hits refreshes immediately.
_TTL_SECONDS = 10.0
# After a write, a search waits for a new count if counting takes less than this: a stale number confuses more than the
# wait. A slower count runs in the background and uses at most this share of one core.
_CHEAP_SECONDS = 0.05
_COUNTING_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class CollectionFacts:
    """A collection and its number of photos."""

    collection: Collection
    rows: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """A lookup, finished or in progress. `changes` is the ledger's count of the collection's changes before it,
    `started` a time of `time.monotonic`."""

    facts: "Future[CollectionFacts]"
    changes: int
    started: float


class CollectionCache:
    """Thread-safe. Concurrent searches of one collection share a lookup."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="collections")
        self._lock = threading.Lock()
        self._entries: LRUCache[str, _Entry] = LRUCache(_SIZE)
        self._count_seconds: LRUCache[str, float] = LRUCache(_SIZE)
        self._refreshing: set[str] = set()

    def facts(self, name: str, changes: int) -> "Future[CollectionFacts]":
        """The collection as of `changes` in the ledger. The future raises NotFoundError and UnavailableError."""
        with self._lock:
            entry = self._entries.get(name)
            if entry is None or self._is_invalid(name, entry, changes):
                entry = _Entry(self._pool.submit(self._look_up, name), changes, time.monotonic())
                self._entries[name] = entry
            elif self._is_stale(name, entry, changes) and name not in self._refreshing:
                self._refreshing.add(name)
                self._pool.submit(self._refresh, name, changes)
            return entry.facts

    def forget(self, name: str) -> None:
        """Look the collection up for the next search: the catalogue contradicted the cache."""
        with self._lock:
            self._entries.pop(name, None)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _is_invalid(self, name: str, entry: _Entry, changes: int) -> bool:
        """Whether the search has to wait for a new lookup."""
        if entry.facts.done() and entry.facts.exception() is not None:
            return True
        return entry.changes != changes and self._count_seconds.get(name, 0.0) < _CHEAP_SECONDS

    def _is_stale(self, name: str, entry: _Entry, changes: int) -> bool:
        """Whether the entry serves this search, but is refreshed for later ones."""
        age = time.monotonic() - entry.started
        if entry.changes != changes:
            return age > self._count_seconds.get(name, 0.0) / _COUNTING_SHARE
        return age > _TTL_SECONDS

    def _refresh(self, name: str, changes: int) -> None:
        entry = _Entry(Future(), changes, time.monotonic())
        try:
            entry.facts.set_result(self._look_up(name))
            with self._lock:
                self._entries[name] = entry
        except LichtbildError:
            self.forget(name)
        finally:
            with self._lock:
                self._refreshing.discard(name)

    def _look_up(self, name: str) -> CollectionFacts:
        collection = self._catalogue.describe(name)
        if collection is None:
            raise NotFoundError(f"There is no collection {name!r} yet; ingest some images first.")
        started = time.monotonic()
        rows = self._catalogue.count(name)
        with self._lock:
            self._count_seconds[name] = time.monotonic() - started
        return CollectionFacts(collection, rows)
