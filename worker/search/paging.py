"""From the nearest photos to a page of hits: ordered, limited to `max_distance`, near-duplicates grouped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from shared.catalogue.interface import Hit
from shared.domain.queries import Query

# With grouping, at most this many rows are fetched per hit of the window, and in total: a page may then be shorter.
_ROWS_PER_GROUP = 20
MOST_GROUPED_ROWS = 5_000
# Without grouping, rows beyond the page only serve to order equal distances.
_MOST_TIED_ROWS = 10_000
_GROWTH = 4
# Cosine distances up to this count as 0. The vector of one picture depends a little on the batch it was encoded in:
# ViT-B/32 with random weights gave distances up to 2e-7 in float32 and 2.6e-5 in bfloat16, for 8 synthetic pictures in
# batches of 1 to 64.
SAME_PICTURE_DISTANCE = 1e-4


@dataclass(frozen=True, slots=True)
class Group:
    """A hit, and the hits within `group_distance` of it that are farther from the query, nearest first."""

    best: Hit
    similar: Sequence[Hit]


def page(find: Callable[[int], Sequence[Hit]], query: Query) -> list[Group]:
    """The hits of the query's window after its offset. `find(limit)` returns the nearest rows; rows of equal distance
    may come in any order.

    The same query gives the same order at any offset: hits are ordered by distance, then by id. More rows are fetched
    than the page needs, so that rows of equal distance are not separated; with grouping, up to four times as many in
    each round, until there are enough groups or `MOST_GROUPED_ROWS` were fetched.
    """
    most = _most(query)
    limit = query.window + 1 if query.group_distance is None else min(most, 2 * query.window + 10)
    while True:
        found = sorted(find(limit), key=lambda hit: (shown_distance(hit), hit.photo.photo_id))
        is_all = len(found) < limit or limit >= most
        if not is_all:
            # Other rows at the largest distance may be missing.
            farthest = shown_distance(found[-1])
            found = [hit for hit in found if shown_distance(hit) < farthest]
        near = [hit for hit in found if query.max_distance is None or hit.distance <= query.max_distance]
        groups = _grouped(near, query.group_distance)
        if is_all or len(near) < len(found) or len(groups) >= query.window:
            return groups[query.offset : query.window]
        limit = min(most, limit * _GROWTH)


def shown_distance(hit: Hit) -> float:
    """The distance as clients see it, to six places: hits are ordered by what they see."""
    return round(max(0.0, hit.distance), 6)


def _most(query: Query) -> int:
    if query.group_distance is None:
        return _MOST_TIED_ROWS
    return max(query.window, min(MOST_GROUPED_ROWS, _ROWS_PER_GROUP * query.window + 100))


def _grouped(hits: Sequence[Hit], distance: float | None) -> list[Group]:
    """Each hit joins the first group, nearest to the query, whose best hit is within `distance`, or starts its own."""
    if distance is None:
        return [Group(hit, ()) for hit in hits]
    if not hits:
        return []
    radius = max(distance, SAME_PICTURE_DISTANCE)
    vectors = np.stack([hit.embedding for hit in hits])
    vectors = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    best: list[int] = []
    similar: list[list[Hit]] = []
    heads = np.empty_like(vectors)
    for number, hit in enumerate(hits):
        close = np.flatnonzero(1.0 - heads[: len(best)] @ vectors[number] <= radius)
        if len(close):
            similar[close[0]].append(hit)
        else:
            heads[len(best)] = vectors[number]
            best.append(number)
            similar.append([])
    return [Group(hits[number], others) for number, others in zip(best, similar, strict=True)]
