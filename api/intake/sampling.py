"""A random sample of a list that does not fit in memory."""

import random
from collections.abc import Iterable

from api.intake.lists.row import Row


def sample(rows: Iterable[Row], size: int) -> tuple[list[Row], int]:
    """A uniform random sample of `size` rows (all, if there are fewer), and the number of all rows.

    Algorithm R: J. S. Vitter, Random Sampling with a Reservoir, ACM TOMS 11 (1985).
    """
    kept: list[Row] = []
    count = 0
    for row in rows:
        count += 1
        if len(kept) < size:
            kept.append(row)
            continue
        place = random.randrange(count)  # noqa: S311 - no secret
        if place < size:
            kept[place] = row
    return kept, count
