"""What a search worker knows of the collections without asking for each search: their model, and how many photos."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from shared.catalogue.interface import Catalogue, Collection
from shared.errors import LichtbildError, NotFoundError

# What is older is looked at again, in the background: a collection may be dropped, or made again, behind our back. One
# without hits is looked at at once.
_BELIEVE_SECONDS = 10.0
# Up to this cost in seconds a count is always made anew once something was written: a number that is old surprises more
# than it saves. A dearer one takes this share of one core at most, and is as old as that makes it.
_CHEAP_SECONDS = 0.05
_COUNTING_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Facts:
    """A collection and how many photos it had when they were counted."""

    collection: Collection
    rows: int


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at the catalogue, done or under way. `changes` is what the ledger said of the collection before it."""

    facts: "Future[Facts]"
    changes: int
    begun: float


class KnownCollections:
    """Thread-safe. Searches that need the same look share it."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._pool = ThreadPoolExecutor(4, thread_name_prefix="collections")
        self._lock = threading.Lock()
        self._looks: dict[str, _Look] = {}
        self._costs: dict[str, float] = {}
        self._refreshed: set[str] = set()

    def facts(self, name: str, changes: int) -> "Future[Facts]":
        """What is known, as of `changes` of the ledger. The future raises NotFoundError and UnavailableError."""
        with self._lock:
            look = self._looks.get(name)
            if look is None or self._must_look(name, look, changes):
                look = _Look(self._pool.submit(self._look, name), changes, time.monotonic())
                self._looks[name] = look
            elif self._is_old(name, look, changes) and name not in self._refreshed:
                self._refreshed.add(name)
                self._pool.submit(self._refresh, name, changes)
            return look.facts

    def forget(self, name: str) -> None:
        """Look anew for the next search: something is not as it was believed to be."""
        with self._lock:
            self._looks.pop(name, None)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _must_look(self, name: str, look: _Look, changes: int) -> bool:
        """Whether the search has to wait for a new look."""
        if look.facts.done() and look.facts.exception() is not None:
            return True
        return look.changes != changes and self._costs.get(name, 0.0) < _CHEAP_SECONDS

    def _is_old(self, name: str, look: _Look, changes: int) -> bool:
        age = time.monotonic() - look.begun
        if look.changes != changes:
            return age > self._costs.get(name, 0.0) / _COUNTING_SHARE
        return age > _BELIEVE_SECONDS

    def _refresh(self, name: str, changes: int) -> None:
        look = _Look(Future(), changes, time.monotonic())
        try:
            look.facts.set_result(self._look(name))
            with self._lock:
                self._looks[name] = look
        except LichtbildError:
            self.forget(name)
        finally:
            with self._lock:
                self._refreshed.discard(name)

    def _look(self, name: str) -> Facts:
        collection = self._catalogue.describe(name)
        if collection is None:
            raise NotFoundError(f"There is no collection {name!r} yet; ingest some images first.")
        started = time.monotonic()
        rows = self._catalogue.count(name)
        self._costs[name] = time.monotonic() - started
        return Facts(collection, rows)
