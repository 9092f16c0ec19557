"""Stages the items of a job in chunks as they arrive."""

import time
from collections.abc import Iterable

from api.intake.backpressure import Backpressure
from api.intake.seen_ids import SeenIds
from shared.domain.items import Item
from shared.errors import InvalidRequestError, PayloadTooLargeError
from shared.ledger.submission import Submission

_SECONDS_BETWEEN_CHECKS = 1.0


def stage(
    staged: Submission, items: Iterable[Item], *, chunk_size: int, max_items: int, backpressure: Backpressure
) -> None:
    """Read all items into `staged`.

    Raises InvalidRequestError for an id that occurs twice or a list without items, PayloadTooLargeError for more than
    `max_items`, OverloadedError or UnavailableError from `backpressure`, and any error of `items`.
    """
    chunk: list[Item] = []
    checked = 0.0

    def id_at(position: int) -> str:
        number, offset = divmod(position, chunk_size)
        return (chunk if number * chunk_size == staged.total else staged.staged(number))[offset].id

    seen = SeenIds(id_at)
    for position, item in enumerate(items):
        if position >= max_items:
            raise PayloadTooLargeError(
                f"A job has at most {max_items} items (LICHTBILD_MAX_ITEMS); split the list into several jobs."
            )
        earlier = seen.add(item.id, position)
        if earlier is not None:
            raise InvalidRequestError(
                f"item {position}: photo_id {item.id!r} is already item {earlier} of this request."
            )
        chunk.append(item)
        if time.monotonic() - checked >= _SECONDS_BETWEEN_CHECKS:
            backpressure.check(position)
            checked = time.monotonic()
        if len(chunk) == chunk_size:
            staged.stage(chunk)
            chunk = []
    if chunk:
        staged.stage(chunk)
    if not staged.total:
        raise InvalidRequestError("The request contains no items.")
