"""A random sample of a list that does not fit in memory."""

import random
from collections.abc import Iterable

from shared.domain.items import Item


def sample(items: Iterable[Item], size: int) -> tuple[list[Item], int]:
    """A uniform random sample of `size` items (all, if there are fewer), and the number of all items.

    Algorithm R: J. S. Vitter, Random Sampling with a Reservoir, ACM TOMS 11 (1985).
    """
    kept: list[Item] = []
    count = 0
    for item in items:
        count += 1
        if len(kept) < size:
            kept.append(item)
            continue
        place = random.randrange(count)  # noqa: S311 - no secret
        if place < size:
            kept[place] = item
    return kept, count
