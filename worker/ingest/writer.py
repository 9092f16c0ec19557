"""Group commit: rows of several chunks go to the catalogue in one insert, then each chunk is told."""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.catalogue.interface import Catalogue, Row
from shared.errors import UnavailableError

log = logging.getLogger(__name__)

_MAX_PAUSE_SECONDS = 10.0
# Chunks that may wait for an insert; their images are embedded, so each is a few hundred kilobytes of vectors.
_WAITING_ENTRIES = 64
# For what is queued when it is closed without having been asked to stop.
_CLOSE_SECONDS = 10.0


@dataclass(frozen=True)
class _Entry:
    collection: str
    rows: Sequence[Row]
    written: Callable[[float], None]
    is_wanted: Callable[[], bool]
    is_urgent: bool = False


class Writer:
    """One thread inserts; callers go on at once, unless too much waits. When the catalogue is away it keeps trying.

    Once it is asked to stop it writes what it can. The first insert that fails then, or the end of its time, is where
    it gives up: what it has not written is told to nobody, and whoever waits to hand rows over is refused.
    """

    def __init__(self, catalogue: Catalogue, rows: int, seconds: float, in_hand: Callable[[], int]) -> None:
        """Inserts as soon as `rows` wait, or some have for `seconds`, or nothing is left to wait for.

        `in_hand` says how many chunks the process has in its hands, those that wait here included.
        """
        self._catalogue = catalogue
        self._rows = rows
        self._seconds = seconds
        self._in_hand = in_hand
        self._entries: deque[_Entry] = deque()
        self._changed = threading.Condition()
        self._deadline: float | None = None
        self._closed = False
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def write(
        self, collection: str, rows: Sequence[Row], written: Callable[[float], None], is_wanted: Callable[[], bool]
    ) -> None:
        """Queue rows; `written` is called with this entry's share of the insert's seconds once they are durable.

        `is_wanted` is asked just before the insert: rows that are not wanted any more are dropped and told to nobody.
        It may raise UnavailableError, which is as if the catalogue were away. Raises UnavailableError if the writer
        gave up.
        """
        self._queue(_Entry(collection, rows, written, is_wanted))

    def flush(self, seconds: float) -> bool:
        """Write and tell at once all that was queued before; False if that is not done after `seconds`."""
        done = threading.Event()
        try:
            self._queue(_Entry("", (), lambda _: done.set(), lambda: True, is_urgent=True))
        except UnavailableError:
            return False
        return done.wait(seconds)

    def stop(self, seconds: float) -> None:
        """Go on, but for no longer than this, and no further than to the first insert that fails."""
        with self._changed:
            if self._deadline is None:
                self._deadline = time.monotonic() + seconds
            self._changed.notify_all()

    def close(self) -> None:
        """Write what is queued, as far as `stop` lets it, and end."""
        self.stop(_CLOSE_SECONDS)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(self._left())

    def _queue(self, entry: _Entry) -> None:
        with self._changed:
            while len(self._entries) >= _WAITING_ENTRIES and not self._gave_up():
                self._changed.wait(self._left())
            if self._gave_up():
                raise UnavailableError("The worker is stopping, and the catalogue cannot be reached.")
            self._entries.append(entry)
            self._changed.notify_all()

    def _is_stopping(self) -> bool:
        return self._deadline is not None

    def _left(self) -> float | None:
        """Seconds until it gives up, if it is stopping."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def _gave_up(self) -> bool:
        return self._failed or self._left() == 0.0

    def _run(self) -> None:
        while group := self._gather():
            by_collection: defaultdict[str, list[_Entry]] = defaultdict(list)
            for entry in group:
                if entry.rows:
                    by_collection[entry.collection].append(entry)
            for collection, entries in by_collection.items():
                self._commit(collection, entries)
            for entry in group:
                if not entry.rows and not self._failed:
                    _tell(entry, 0.0)

    def _gather(self) -> list[_Entry]:
        """The next group: what waits, once it is enough or its first entry has waited long enough. Empty at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._entries or self._closed or self._failed)
            self._changed.wait_for(self._is_enough, self._seconds)
            group: list[_Entry] = []
            rows = 0
            while self._entries and rows < self._rows and not self._failed:
                group.append(self._entries.popleft())
                rows += len(group[-1].rows)
            self._changed.notify_all()
        return group

    def _is_enough(self) -> bool:
        is_urgent = self._is_stopping() or any(entry.is_urgent for entry in self._entries)
        is_all = len(self._entries) >= self._in_hand()
        return is_urgent or is_all or sum(len(entry.rows) for entry in self._entries) >= self._rows

    def _commit(self, collection: str, entries: Sequence[_Entry]) -> None:
        started = time.perf_counter()
        inserted = self._insert(collection, entries)
        seconds = time.perf_counter() - started
        count = sum(len(entry.rows) for entry in inserted)
        for entry in inserted:
            _tell(entry, seconds * len(entry.rows) / count)

    def _insert(self, collection: str, entries: Sequence[_Entry]) -> Sequence[_Entry]:
        """Insert what is still wanted and return it; nothing if it gave up."""
        pause = 0.25
        while True:
            try:
                wanted = [entry for entry in entries if entry.is_wanted()]
                if wanted:
                    self._catalogue.write(collection, [row for entry in wanted for row in entry.rows])
                return wanted
            except UnavailableError as error:
                with self._changed:
                    if self._is_stopping():
                        log.warning("%s The worker is stopping: what is not written is handed back.", error)
                        self._failed = True
                        self._changed.notify_all()
                        return ()
                    log.warning("%s Trying again in %.1f s; nothing is lost.", error, pause)
                    self._changed.wait_for(self._is_stopping, pause)
                pause = min(pause * 2, _MAX_PAUSE_SECONDS)


def _tell(entry: _Entry, seconds: float) -> None:
    try:
        entry.written(seconds)
    except Exception:
        # The chunk stays unsettled; its lease runs out and another worker does it again.
        log.exception("A chunk was written but could not be settled; it will be done again.")
