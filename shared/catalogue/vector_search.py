"""Vector search: candidates from the index, checked against the current rows; an exact scan where that is not enough.

An index does not know which row of an id is the newest. So it returns more candidates than wanted, as ids and versions.
Those whose version is still the newest, and which are visible and match the filter, are ranked by the exact distance of
their stored vectors. If `top_k` of them are left, the result is complete: any nearer photo would be a candidate itself.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from shared.catalogue.dialect import Dialect, VectorQuery
from shared.catalogue.filter_sql import Parameters, matches
from shared.catalogue.literals import strings
from shared.catalogue.schema import PICTURE
from shared.catalogue.session import Rows
from shared.catalogue.table import Table
from shared.catalogue.vector_sql import NO_INDEX

# The first request to the index has a limit of top_k plus a quarter plus five.
_SPARE_RATIO = 0.25
_SPARE_ROWS = 5
# The second request has at most 16 times that limit, and at most 4096 rows: beyond that a scan is faster.
_MAX_WIDENING = 16
_MAX_CANDIDATES = 4096


def search(dialect: Dialect, table: Table, query: VectorQuery) -> Rows:
    """Rows of photo_id, photo_image_url, attributes, photo_embed, cosine distance and picture columns, nearest first.

    Returns `top_k` rows, or all that match if those are fewer.
    """
    limit = first_limit(query.top_k)
    candidates = None if query.exact else dialect.candidates(table, query, limit)
    if candidates is None:
        return dialect.scan(table, query)
    hits = rank(table, query, candidates)
    wider = second_limit(query.top_k, limit, len(hits))
    if len(hits) < query.top_k and wider is not None:
        hits = rank(table, query, dialect.candidates(table, query, wider) or ())
    return hits if len(hits) == query.top_k else dialect.scan(table, query)


def first_limit(top_k: int) -> int:
    """The number of candidates for `top_k` hits if nearly all candidates are current and match."""
    return top_k + round(_SPARE_RATIO * top_k) + _SPARE_ROWS


def second_limit(top_k: int, fetched: int, hits: int) -> int | None:
    """The number of candidates after `fetched` of them gave only `hits` hits: twice what that ratio asks for.

    None if a scan is faster.
    """
    wanted = 2 * fetched * top_k // hits if hits else _MAX_CANDIDATES + 1
    return wanted if wanted <= min(_MAX_WIDENING * fetched, _MAX_CANDIDATES) else None


def rank(table: Table, query: VectorQuery, candidates: Rows) -> Rows:
    """The `top_k` nearest of the candidates that are current, visible and match; rows as `search` returns them."""
    versions: dict[str, int] = {}
    for photo_id, version in candidates:
        versions[photo_id] = max(version, versions.get(photo_id, version))
    enough = first_limit(query.top_k)
    if len(versions) > enough:
        # Ranking reads a granule of vectors per row, so rows that are not current are removed first, which reads none.
        rows, parameters = _stored(table, query, versions)
        found = table.session.rows(f"SELECT photo_id, version FROM {rows}", parameters, NO_INDEX)  # noqa: S608
        current = {photo_id for photo_id, version in found if version == versions[photo_id]}
        nearest = [photo_id for photo_id in versions if photo_id in current][:enough]
        versions = {photo_id: versions[photo_id] for photo_id in nearest}
    if not versions:
        return ()
    rows, parameters = _stored(table, query, versions)
    # Comparing versions here is 2 ms faster than a condition of the statement.
    found = _nearest(table, query, rows, parameters, len(versions), "version")
    hits = [hit for version, *hit in found if version == versions[hit[0]]]
    return hits[: query.top_k]


def exact_scan(table: Table, query: VectorQuery) -> Rows:
    """The exact result in one statement; rows as `search` returns them.

    FINAL costs little here: 3 of 18 ms for 25,000 rows. A scan for candidates without it, and their lookup in the same
    statement, take longer.
    """
    parameters = Parameters()
    where = f"{table.visible} AND {matches(query.where, parameters)}"
    return _nearest(table, query, f"`{table.name}` FINAL WHERE {where}", parameters, query.top_k)


def _nearest(
    table: Table, query: VectorQuery, rows: str, parameters: Mapping[str, Any], limit: int, *before: str
) -> Rows:
    """The `limit` nearest of `rows`, the text after FROM, with the columns `before` those of `search`. Equal distances
    are ordered by id."""
    columns = [*before, "photo_id", "photo_image_url", "attributes", "photo_embed"]
    return table.session.rows(
        f"SELECT {', '.join(columns)}, {table.vectors.distance(query.vector)} AS dist, {PICTURE}"  # noqa: S608
        f" FROM {rows} ORDER BY dist ASC, photo_id ASC LIMIT {int(limit)}",
        parameters,
        table.vectors.scan_settings,
    )


def _stored(table: Table, query: VectorQuery, photo_ids: Iterable[str]) -> tuple[str, Mapping[str, Any]]:
    """The text after FROM, with its parameters, for those of the photos that are visible and match as they are now."""
    parameters = Parameters()
    # PREWHERE filters before FINAL merges the rows of an id. That is correct for the sorting key alone.
    return (
        f"`{table.name}` FINAL PREWHERE photo_id IN {strings(photo_ids)}"
        f" WHERE {table.visible} AND {matches(query.where, parameters)}"
    ), parameters
