"""Group commit: rows of several chunks go to the catalogue in one insert; then each chunk's callback is called."""

import logging
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared.catalogue.interface import Catalogue, Row
from shared.errors import UnavailableError

log = logging.getLogger(__name__)

# Pause between attempts while the catalogue is unavailable: doubles from the first value to the last.
_MIN_PAUSE_SECONDS = 0.25
_MAX_PAUSE_SECONDS = 10.0
# Chunks that may wait for an insert. Their images are encoded, so each is a few hundred kilobytes of vectors.
_MAX_ENTRIES = 64
# Time limit for queued rows if `close` is called without `stop`.
_CLOSE_SECONDS = 10.0


@dataclass(frozen=True)
class _Entry:
    collection: str
    rows: Sequence[Row]
    on_written: Callable[[float], None]
    is_wanted: Callable[[], bool]
    is_urgent: bool = False


class Writer:
    """Thread-safe. The thread `writer` inserts; callers block only while the queue is full. It retries while the
    catalogue is unavailable.

    After `stop` it writes until the first insert that fails, or until its time limit. Then it gives up: the callbacks
    of rows that are not written are never called, and `write` raises UnavailableError.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        rows: int,
        seconds: float,
        in_hand: Callable[[], int],
        on_wait: Callable[[str | None], None] = lambda _: None,
    ) -> None:
        """Inserts once `rows` rows wait, or the first has waited for `seconds`, or no other chunk is in progress.

        `in_hand` returns the number of chunks that the process holds, including those that wait here. `on_wait` is
        called with the reason at each insert that fails, and with None once one succeeds again.
        """
        self._catalogue = catalogue
        self._rows = rows
        self._seconds = seconds
        self._in_hand = in_hand
        self._on_wait = on_wait
        self._entries: deque[_Entry] = deque()
        self._changed = threading.Condition()
        self._deadline: float | None = None
        self._closed = False
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._thread.start()

    def write(
        self, collection: str, rows: Sequence[Row], on_written: Callable[[float], None], is_wanted: Callable[[], bool]
    ) -> None:
        """Queue rows. Once they are durable, the writer's thread calls `on_written` with this entry's share of the
        insert's seconds.

        Just before the insert it calls `is_wanted`; if that returns False, the rows are dropped and `on_written` is
        never called. If it raises UnavailableError, the insert is retried as if the catalogue were unavailable.
        Raises UnavailableError if the writer gave up.
        """
        self._queue(_Entry(collection, rows, on_written, is_wanted))

    def flush(self, seconds: float) -> bool:
        """Write the queued rows immediately and call their callbacks. False if that takes longer than `seconds`."""
        done = threading.Event()
        try:
            self._queue(_Entry("", (), lambda _: done.set(), lambda: True, is_urgent=True))
        except UnavailableError:
            return False
        return done.wait(seconds)

    def stop(self, seconds: float) -> None:
        """Write for at most `seconds` more, and only until the first insert that fails."""
        with self._changed:
            if self._deadline is None:
                self._deadline = time.monotonic() + seconds
            self._changed.notify_all()

    def close(self) -> None:
        """Write the queued rows, within the limits of `stop`, and end the thread."""
        self.stop(_CLOSE_SECONDS)
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(self._left())

    def _queue(self, entry: _Entry) -> None:
        with self._changed:
            while len(self._entries) >= _MAX_ENTRIES and not self._gave_up():
                self._changed.wait(self._left())
            if self._gave_up():
                raise UnavailableError("The worker is stopping, and the catalogue cannot be reached.")
            self._entries.append(entry)
            self._changed.notify_all()

    def _is_stopping(self) -> bool:
        return self._deadline is not None

    def _left(self) -> float | None:
        """Seconds until the writer gives up; None if it is not stopping."""
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
                    _notify(entry, 0.0)

    def _gather(self) -> list[_Entry]:
        """Wait for the next group of entries: until it is large enough, or its first has waited `seconds`. Empty once
        the writer is closed or gave up."""
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
            _notify(entry, seconds * len(entry.rows) / count)

    def _insert(self, collection: str, entries: Sequence[_Entry]) -> Sequence[_Entry]:
        """Insert the entries that are still wanted and return them; none if the writer gave up."""
        pause = _MIN_PAUSE_SECONDS
        while True:
            try:
                wanted = [entry for entry in entries if entry.is_wanted()]
                if wanted:
                    self._catalogue.write(collection, [row for entry in wanted for row in entry.rows])
                if pause > _MIN_PAUSE_SECONDS:
                    self._on_wait(None)
                return wanted
            except UnavailableError as error:
                self._on_wait(str(error))
                with self._changed:
                    if self._is_stopping():
                        log.warning("%s The worker is stopping: unwritten chunks are released.", error)
                        self._failed = True
                        self._changed.notify_all()
                        return ()
                    log.warning("%s Retrying the insert in %.1f s; nothing is lost.", error, pause)
                    self._changed.wait_for(self._is_stopping, pause)
                pause = min(pause * 2, _MAX_PAUSE_SECONDS)


def _notify(entry: _Entry, seconds: float) -> None:
    try:
        entry.on_written(seconds)
    except Exception:
        # The chunk stays unsettled: its lease expires and a worker processes it again.
        log.exception("A chunk was written but could not be settled; it will be processed again.")
