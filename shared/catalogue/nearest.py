"""One search, as all engines do it: by an index, if there is one, and by a scan if that leaves too few.

`candidates.py` says why that finds all photos and only those that count.
"""

from collections.abc import Callable

from shared.catalogue.filter_sql import Parameters
from shared.catalogue.session import Rows, Session
from shared.catalogue.vector_search import Nearest, first_limit, live, matching, second_limit

# Gives so many rows of photo_id and version, nearest first, or fewer.
AskIndex = Callable[[int], Rows]
# Gives rows like those of `find`, for sure.
Scan = Callable[[], Rows]


def find(
    session: Session, collection: str, visible: str, wanted: Nearest, *, ask_index: AskIndex | None, by_scan: Scan
) -> Rows:
    """Rows of photo_id, photo_image_url, attributes, photo_embed and cosine distance, nearest first."""
    found = _by_index(session, collection, visible, wanted, ask_index) if ask_index else None
    return by_scan() if found is None else found


def _by_index(session: Session, collection: str, visible: str, wanted: Nearest, ask_index: AskIndex) -> Rows | None:
    """Rows like those of `find`, or None if the index leaves too few."""
    limit = first_limit(wanted.top_k)
    found = live(session, collection, visible, wanted, ask_index(limit))
    wider = second_limit(wanted.top_k, limit, len(found)) if len(found) < wanted.top_k else None
    if wider is not None:
        found = live(session, collection, visible, wanted, ask_index(wider))
    return found if len(found) == wanted.top_k else None


def scan(session: Session, collection: str, visible: str, wanted: Nearest) -> Rows:
    """All in one statement, with the rows of each id merged before anything else. FINAL costs a scan hardly anything:
    of 25,000 rows, 28 ms, where a scan for candidates and their lookup take 45.
    """
    parameters = Parameters(vector=wanted.vector.tolist(), top_k=wanted.top_k)
    return session.rows(
        "SELECT photo_id, photo_image_url, attributes, photo_embed,"  # noqa: S608
        " cosineDistance(photo_embed, {vector:Array(Float32)}) AS dist"
        f" FROM `{collection}` FINAL WHERE {visible} AND {matching(wanted.where, parameters)}"
        " ORDER BY dist ASC, photo_id ASC LIMIT {top_k:UInt32}",
        parameters,
        {"use_skip_indexes": 0},
    )
