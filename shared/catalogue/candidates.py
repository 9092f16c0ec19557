"""The nearest photos by way of candidates: rows that are near, of which some may be replaced or deleted by now.

Neither an index nor a scan without FINAL knows which row of an id counts. So more rows than wanted are fetched, with
their versions only, and then looked up: those whose version is still the one that counts are ranked by the distance of
their stored vectors. If enough of them are left, no photo can be missing: one that is nearer than the last candidate is
a candidate itself. If not, more are fetched, and in the end the whole table is scanned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.catalogue.conditions import Parameters, to_sql
from shared.catalogue.interface import Vector
from shared.catalogue.session import Rows, Session
from shared.filters import Condition

# A first try fetches half as many again as are wanted, and a few; a second one so many times more, up to `_MOST`.
_SPARE = 0.5
_FEW = 10
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
    first = _ranked(top_k)
    return (first, min(_WIDER * first, _MOST)) if first < _MOST else (first,)


def live(session: Session, collection: str, visible: str, wanted: Nearest, candidates: Rows) -> Rows:
    """The nearest of the candidates that count and match, `top_k` at most.

    Candidates are rows of photo_id and version, nearest first. Returns rows of photo_id, photo_image_url, attributes,
    photo_embed and cosine distance, nearest first.
    """
    versions: dict[str, int] = {}
    for photo_id, version in candidates:
        versions[photo_id] = max(version, versions.get(photo_id, version))
    if len(versions) > _ranked(wanted.top_k):
        # A granule of vectors is read for each row that is ranked, but hardly anything to find out which ones count.
        lookup = _Lookup(collection, visible, wanted, versions)
        counting = {photo_id for (photo_id,) in session.rows(lookup.sql("photo_id"), lookup.parameters, _SETTINGS)}
        nearest = [photo_id for photo_id in versions if photo_id in counting][: _ranked(wanted.top_k)]
        versions = {photo_id: versions[photo_id] for photo_id in nearest}
    if not versions:
        return []
    lookup = _Lookup(collection, visible, wanted, versions)
    lookup.parameters |= {"vector": wanted.vector.tolist(), "top_k": wanted.top_k}
    columns = (
        "photo_id, photo_image_url, attributes, photo_embed,"
        " cosineDistance(photo_embed, {vector:Array(Float32)}) AS dist"
    )
    ranked = lookup.sql(columns) + " ORDER BY dist ASC, photo_id ASC LIMIT {top_k:UInt32}"
    return session.rows(ranked, lookup.parameters, _SETTINGS)


def matching(where: Condition | None, parameters: Parameters) -> str:
    """The condition as SQL; `1` for none."""
    return "1" if where is None else to_sql(where, parameters)


# A skip index under FINAL would bring back replaced rows.
_SETTINGS = {"use_skip_indexes": 0}


class _Lookup:
    """The rows of these ids that are of these versions, count and match."""

    def __init__(self, collection: str, visible: str, wanted: Nearest, versions: Mapping[str, int]) -> None:
        self.parameters = Parameters()
        ids = self.parameters.add(list(versions), "Array(String)")
        version = f"{self.parameters.add(list(versions.values()), 'Array(UInt64)')}[indexOf({ids}, photo_id)]"
        # `photo_id` is the sorting key: it may be looked at before the rows of an id are merged, all else only after.
        self._rows = (
            f"`{collection}` FINAL PREWHERE photo_id IN {ids}"
            f" WHERE {visible} AND version = {version} AND {matching(wanted.where, self.parameters)}"
        )

    def sql(self, columns: str) -> str:
        return f"SELECT {columns} FROM {self._rows}"  # noqa: S608


def _ranked(top_k: int) -> int:
    """How many candidates are worth ranking: an index's own order is nearly right."""
    return top_k + round(_SPARE * top_k) + _FEW
