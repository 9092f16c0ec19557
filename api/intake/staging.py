"""Stages the rows of a list in chunks as they arrive."""

import time
from collections.abc import Iterable
from dataclasses import dataclass

from api.intake.backpressure import Backpressure
from api.intake.faults_found import FaultsFound
from api.intake.lists.options import OnBadRow
from api.intake.lists.row import BadRow, Place, Row
from api.intake.seen_ids import SeenIds
from shared.domain.items import Item
from shared.errors import Fault, InvalidRequestError, PayloadTooLargeError
from shared.ledger.submission import Submission

_SECONDS_BETWEEN_CHECKS = 1.0
_NO_ITEMS = InvalidRequestError("The request contains no items.", [Fault("contains no items", pointer="")])


@dataclass(frozen=True, slots=True)
class StagingRules:
    """Limits, and what happens to a bad row: `refuse` refuses the list, `fail_item` makes the row a failed item."""

    chunk_size: int
    max_items: int
    on_bad_row: OnBadRow = "refuse"


class Staging:
    """Reads the rows of one submission."""

    def __init__(self, staged: Submission, rules: StagingRules, backpressure: Backpressure) -> None:
        self._staged = staged
        self._rules = rules
        self._backpressure = backpressure
        self._chunk: list[Item] = []
        self._refused: list[BadRow] = []
        self._seen = SeenIds(self._id_at)
        self._accepted = 0
        self._faults: FaultsFound | None = None
        self._first_bad: FaultsFound | None = None

    def read(self, rows: Iterable[Row]) -> None:
        """Stage all rows.

        Raises InvalidRequestError or MalformedError for bad rows, also for an id that occurs twice, and for a list
        without a good row; PayloadTooLargeError for too many items, OverloadedError or UnavailableError from
        `backpressure`, and any error of `rows`.
        """
        checked = 0.0
        for count, (place, found) in enumerate(rows):
            if count >= self._rules.max_items:
                raise PayloadTooLargeError(
                    f"A job has at most {self._rules.max_items} items (LICHTBILD_MAX_ITEMS); "
                    "split the list into several jobs."
                )
            if time.monotonic() - checked >= _SECONDS_BETWEEN_CHECKS:
                self._backpressure.check(count)
                checked = time.monotonic()
            if self._faults:
                self._faults.row()
            refused = found if isinstance(found, BadRow) else self._add(place, found)
            if refused is not None:
                self._refuse(refused)
        if self._faults:
            raise self._faults.refusal()
        self._flush()
        if not self._accepted:
            raise self._first_bad.refusal() if self._first_bad else _NO_ITEMS

    def _add(self, place: Place, item: Item) -> BadRow | None:
        """Stage an item; the reason why it is none if its id occurred before."""
        earlier = self._seen.add(item.id, self._accepted)
        if earlier is not None:
            return _duplicate(place, item, earlier if self._accepted == place.position else None)
        self._accepted += 1
        self._chunk.append(item)
        if len(self._chunk) == self._rules.chunk_size:
            self._staged.stage(self._chunk)
            self._chunk = []
        return None

    def _refuse(self, bad: BadRow) -> None:
        if self._rules.on_bad_row == "fail_item":
            self._first_bad = self._first_bad or FaultsFound(bad)
            self._refused.append(bad)
            if len(self._refused) == self._rules.chunk_size:
                self._stage_refused()
        elif self._faults:
            self._faults.add(bad)
        else:
            self._faults = FaultsFound(bad)

    def _flush(self) -> None:
        if self._chunk:
            self._staged.stage(self._chunk)
        self._stage_refused()

    def _stage_refused(self) -> None:
        if self._refused:
            self._staged.refuse([bad.failure() for bad in self._refused])
            self._refused = []

    def _id_at(self, position: int) -> str:
        number, offset = divmod(position, self._rules.chunk_size)
        is_staged = number < self._accepted // self._rules.chunk_size
        return (self._staged.staged(number) if is_staged else self._chunk)[offset].id


def _duplicate(place: Place, item: Item, earlier: int | None) -> BadRow:
    where = "occurs earlier in" if earlier is None else f"is already item {earlier} of"
    fault = Fault(
        f"{item.id!r} {where} this request", pointer=f"{place.pointer}/photo_id", line=place.line, column="photo_id"
    )
    return BadRow(place, "duplicate_id", [fault], photo_id=item.id, url=item.url)
