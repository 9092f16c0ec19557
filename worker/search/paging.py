"""From the nearest photos to a page of hits: ties in order, too far ones left out, near-duplicates folded into one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shared.catalogue.interface import Hit
from shared.domain.queries import Query

# With grouping, so many rows are looked at for each hit wanted, and so many at most: a page may be shorter then.
_ROWS_PER_GROUP = 20
MOST_GROUPED_ROWS = 5_000
# Without it, rows beyond the page are only there to put ties in order.
_MOST_TIED_ROWS = 10_000
_GROWTH = 4


@dataclass(frozen=True, slots=True)
class Group:
    """A hit, and the hits within `group_distance` of it that are farther from the query, nearest first."""

    best: Hit
    similar: Sequence[Hit]


def page(find: Callable[[int], Sequence[Hit]], query: Query) -> list[Group]:
    """The hits of the query's window after its offset. `find` returns so many nearest, whatever the order of ties.

    The same query gives the same order at any offset: hits are ordered by distance and, where that is the same, by id.
    To know that no tie was cut apart, more is found than asked for; with grouping, more and more in rounds, until there
    are enough groups or `MOST_GROUPED_ROWS` were looked at.
    """
    most = _most(query)
    limit = query.window + 1 if query.group_distance is None else min(most, 2 * query.window + 10)
    while True:
        found = sorted(find(limit), key=lambda hit: (hit.distance, hit.photo.photo_id))
        is_all = len(found) < limit or limit >= most
        if not is_all:
            # Of the farthest, some that are just as far may be missing.
            farthest = found[-1].distance
            found = [hit for hit in found if hit.distance < farthest]
        near = [hit for hit in found if query.max_distance is None or hit.distance <= query.max_distance]
        groups = _grouped(near, query.group_distance)
        if is_all or len(near) < len(found) or len(groups) >= query.window:
            return groups[query.offset : query.window]
        limit = min(most, limit * _GROWTH)


def _most(query: Query) -> int:
    if query.group_distance is None:
        return _MOST_TIED_ROWS
    return max(query.window, min(MOST_GROUPED_ROWS, _ROWS_PER_GROUP * query.window + 100))


def _grouped(hits: Sequence[Hit], distance: float | None) -> list[Group]:
    """Each hit joins the nearest to the query of the groups that it is close to, or begins its own."""
    if distance is None:
        return [Group(hit, ()) for hit in hits]
    if not hits:
        return []
    vectors = np.stack([hit.embedding for hit in hits])
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    best: list[int] = []
    similar: list[list[Hit]] = []
    heads = np.empty_like(vectors)
    for number, hit in enumerate(hits):
        close = np.flatnonzero(1.0 - heads[: len(best)] @ vectors[number] <= distance)
        if len(close):
            similar[close[0]].append(hit)
        else:
            heads[len(best)] = vectors[number]
            best.append(number)
            similar.append([])
    return [Group(hits[number], others) for number, others in zip(best, similar, strict=True)]
