"""The first rows of a list."""

import io
from collections.abc import Iterable, Iterator
from itertools import islice

from api.intake.lists.row import Row

_PIECE = 64 * 1024


def first_rows(rows: Iterable[Row], limit: int, body: io.RawIOBase) -> Iterator[Row]:
    """At most `limit` rows. The rest of the body is read without being parsed, so that its fingerprint is complete."""
    yield from islice(rows, limit)
    while body.read(_PIECE):
        pass
