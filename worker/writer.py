"""Group commit: rows of several chunks go to the catalogue in one insert, then each chunk is told."""

import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.catalogue.interface import Catalogue, Row
from shared.errors import UnavailableError

log = logging.getLogger(__name__)

_MAX_PAUSE_SECONDS = 10.0


@dataclass(frozen=True)
class _Entry:
    collection: str
    rows: Sequence[Row]
    written: Callable[[float], None]


class Writer:
    """One thread inserts; callers go on at once, unless too much waits. When the catalogue is away it keeps trying."""

    def __init__(self, catalogue: Catalogue, rows: int, seconds: float) -> None:
        self._catalogue = catalogue
        self._rows = rows
        self._seconds = seconds
        self._entries: queue.Queue[_Entry | None] = queue.Queue(maxsize=64)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def write(self, collection: str, rows: Sequence[Row], written: Callable[[float], None]) -> None:
        """Queue rows; `written` is called with this entry's share of the insert's seconds once they are durable."""
        self._entries.put(_Entry(collection, rows, written))

    def flush(self, seconds: float) -> bool:
        """Wait until all that was queued before is written and told; False if it is not after `seconds`."""
        done = threading.Event()
        self._entries.put(_Entry("", (), lambda _: done.set()))
        return done.wait(seconds)

    def close(self) -> None:
        """Write what is queued; give up, unwritten and unsettled, if the catalogue is away."""
        self._stopping.set()
        self._entries.put(None)
        self._thread.join()

    def _run(self) -> None:
        while group := self._gather():
            by_collection: defaultdict[str, list[_Entry]] = defaultdict(list)
            for entry in group:
                if entry.rows:
                    by_collection[entry.collection].append(entry)
            for collection, entries in by_collection.items():
                self._commit(collection, entries)
            for entry in group:
                if not entry.rows:
                    _tell(entry, 0.0)

    def _gather(self) -> list[_Entry]:
        first = self._entries.get()
        if first is None:
            return []
        group, rows, deadline = [first], len(first.rows), time.monotonic() + self._seconds
        while rows < self._rows and not self._stopping.is_set():
            try:
                entry = self._entries.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if entry is None:
                self._entries.put(None)
                break
            group.append(entry)
            rows += len(entry.rows)
        return group

    def _commit(self, collection: str, entries: Sequence[_Entry]) -> None:
        rows = [row for entry in entries for row in entry.rows]
        started = time.perf_counter()
        if not self._insert(collection, rows):
            return
        seconds = time.perf_counter() - started
        for entry in entries:
            _tell(entry, seconds * len(entry.rows) / len(rows))

    def _insert(self, collection: str, rows: Sequence[Row]) -> bool:
        pause = 0.25
        while True:
            try:
                self._catalogue.write(collection, rows)
                return True
            except UnavailableError as error:
                if self._stopping.is_set():
                    return False
                log.warning("%s Trying again in %.1f s; nothing is lost.", error, pause)
                self._stopping.wait(pause)
                pause = min(pause * 2, _MAX_PAUSE_SECONDS)


def _tell(entry: _Entry, seconds: float) -> None:
    try:
        entry.written(seconds)
    except Exception:
        # The chunk stays unsettled; its lease runs out and another worker does it again.
        log.exception("A chunk was written but could not be settled; it will be done again.")
