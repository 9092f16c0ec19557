"""The nearest photos by way of candidates: rows that are near, of which some may be replaced or deleted by now.

Neither an index nor a scan without FINAL knows which row of an id counts. So more rows than wanted are fetched, with
their versions only, and then looked up: those whose version is still the one that counts are ranked by the distance of
their stored vectors. If enough of them are left, no photo can be missing: one that is nearer than the last candidate is
a candidate itself. If not, more are fetched, and in the end the whole table is scanned.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.catalogue.conditions import Parameters, to_sql
from shared.catalogue.interface import Vector
from shared.catalogue.session import Rows, Session
from shared.filters import Condition

# Of the rows fetched, two of three may turn out to be replaced or deleted; the rest is for small `top_k`.
_PER_HIT = 3
_MORE = 20
# The second try; beyond `_MOST` rows the lookup costs more than a scan.
_WIDER = 16
_MOST = 4096


@dataclass(frozen=True, slots=True)
class Nearest:
    """A search: the `top_k` nearest to `vector`, which has a direction, of those that match `where`."""

    vector: Vector
    top_k: int
    where: Condition | None
    exact: bool


def limits(top_k: int) -> Sequence[int]:
    """How many candidates to fetch for `top_k` hits, in the first try and in the second."""
    first = _PER_HIT * top_k + _MORE
    return (first, min(_WIDER * first, _MOST)) if first < _MOST else (first,)


def live(session: Session, collection: str, visible: str, wanted: Nearest, candidates: Rows) -> Rows:
    """The nearest of the candidates that count and match, `top_k` at most.

    Candidates are rows of photo_id and version. Returns rows of photo_id, photo_image_url, attributes, photo_embed and
    cosine distance, nearest first.
    """
    versions: dict[str, int] = {}
    for photo_id, version in candidates:
        versions[photo_id] = max(version, versions.get(photo_id, version))
    if not versions:
        return []
    parameters = Parameters(vector=wanted.vector.tolist(), top_k=wanted.top_k)
    ids = parameters.add(list(versions), "Array(String)")
    newest = f"{parameters.add(list(versions.values()), 'Array(UInt64)')}[indexOf({ids}, photo_id)]"
    # `photo_id` is the sorting key, so it may be looked at before the rows of an id are merged; all else only after.
    # A skip index under FINAL would bring back replaced rows.
    return session.rows(
        f"SELECT photo_id, photo_image_url, attributes, photo_embed,"  # noqa: S608
        f" cosineDistance(photo_embed, {{vector:Array(Float32)}}) AS dist"
        f" FROM `{collection}` FINAL PREWHERE photo_id IN {ids}"
        f" WHERE {visible} AND version = {newest} AND {matching(wanted.where, parameters)}"
        f" ORDER BY dist ASC, photo_id ASC LIMIT {{top_k:UInt32}}",
        parameters,
        {"use_skip_indexes": 0},
    )


def matching(where: Condition | None, parameters: Parameters) -> str:
    """The condition as SQL; `1` for none."""
    return "1" if where is None else to_sql(where, parameters)
