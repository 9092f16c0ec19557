"""Collects the bad rows of a list that is refused, so that one answer names all of them."""

import time
from collections.abc import Iterable, Iterator

from api.http.validation import MAX_FAULTS
from api.intake.lists.row import BadRow, Row
from shared.errors import Fault, InvalidRequestError, MalformedError

# A list that arrives slower than this, in rows per second, is refused without waiting for its end.
_SLOWEST = 1000
_CHECK_SECONDS = 1.0


class FaultsFound:
    """The faults of a list, at most 100. `row` is called for every row after the first bad one."""

    def __init__(self, first: BadRow) -> None:
        self._first = first
        self._faults: list[Fault] = []
        self._bad_rows = 0
        self._rows = 0
        self._checked = time.monotonic()
        self.add(first)

    def add(self, bad: BadRow) -> None:
        """Note a bad row. Raises the refusal once there are enough faults."""
        self._bad_rows += 1
        self._faults += bad.faults
        if len(self._faults) >= MAX_FAULTS:
            raise self.refusal("at least ")

    def row(self) -> None:
        """Raises the refusal if the list arrives slowly."""
        self._rows += 1
        now = time.monotonic()
        if now - self._checked < _CHECK_SECONDS:
            return
        if self._rows < _SLOWEST * (now - self._checked):
            raise self.refusal("at least ")
        self._rows, self._checked = 0, now

    def refusal(self, about: str = "") -> MalformedError | InvalidRequestError:
        """The error of the first bad row, with the faults of all."""
        message = self._first.message()
        if self._bad_rows > 1:
            message += f" The list has {about}{self._bad_rows} bad rows; `faults` names {self._named()}."
        kind = MalformedError if self._first.is_syntax else InvalidRequestError
        return kind(message, self._faults[:MAX_FAULTS])

    def _named(self) -> str:
        return "them" if len(self._faults) < MAX_FAULTS else f"the first {MAX_FAULTS} faults"


def only_items(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows of a list that has no bad row. Raises the refusal, which names all bad rows, at its end."""
    faults: FaultsFound | None = None
    for row in rows:
        if faults:
            faults.row()
        if isinstance(row.found, BadRow):
            if faults:
                faults.add(row.found)
            else:
                faults = FaultsFound(row.found)
        elif not faults:
            yield row
    if faults:
        raise faults.refusal()
