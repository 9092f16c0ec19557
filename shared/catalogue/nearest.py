"""One search, as all engines do it: by an index, if there is one, then by a scan, then by a scan of merged rows.

`candidates.py` says why that finds all photos and only those that count.
"""

from collections.abc import Callable, Iterator

from shared.catalogue.candidates import Nearest, limits, live, matching
from shared.catalogue.conditions import Parameters
from shared.catalogue.session import Rows, Session

# Gives so many rows of photo_id and version, or fewer.
AskIndex = Callable[[int], Rows]


def find(session: Session, collection: str, visible: str, wanted: Nearest, ask_index: AskIndex | None) -> Rows:
    """Rows of photo_id, photo_image_url, attributes, photo_embed and cosine distance, nearest first."""
    for by_index, limit in _tries(wanted.top_k, ask_index):
        candidates = by_index(limit) if by_index else _by_scan(session, collection, wanted, limit)
        found = live(session, collection, visible, wanted, candidates)
        # An index may return fewer than asked; a scan does so only if there are no more.
        if len(found) == wanted.top_k or (not by_index and len(candidates) < limit):
            return found
    return _by_full_scan(session, collection, visible, wanted)


def _tries(top_k: int, ask_index: AskIndex | None) -> Iterator[tuple[AskIndex | None, int]]:
    """Whom to ask, and for how many candidates."""
    if ask_index:
        yield from ((ask_index, limit) for limit in limits(top_k))
    yield None, limits(top_k)[0]


def _by_scan(session: Session, collection: str, wanted: Nearest, limit: int) -> Rows:
    """Candidates that matched when they were written."""
    parameters = Parameters(vector=wanted.vector.tolist(), limit=limit)
    return session.rows(
        f"SELECT photo_id, version FROM `{collection}`"  # noqa: S608
        f" WHERE NOT deleted AND {matching(wanted.where, parameters)}"
        " ORDER BY cosineDistance(photo_embed, {vector:Array(Float32)}) ASC LIMIT {limit:UInt32}",
        parameters,
        {"use_skip_indexes": 0},
    )


def _by_full_scan(session: Session, collection: str, visible: str, wanted: Nearest) -> Rows:
    """The answer itself, with the rows of each id merged before anything else."""
    parameters = Parameters(vector=wanted.vector.tolist(), top_k=wanted.top_k)
    return session.rows(
        "SELECT photo_id, photo_image_url, attributes, photo_embed,"  # noqa: S608
        " cosineDistance(photo_embed, {vector:Array(Float32)}) AS dist"
        f" FROM `{collection}` FINAL WHERE {visible} AND {matching(wanted.where, parameters)}"
        " ORDER BY dist ASC, photo_id ASC LIMIT {top_k:UInt32}",
        parameters,
        {"use_skip_indexes": 0},
    )
