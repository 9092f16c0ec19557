"""The nearest photos by way of candidates: rows that are near, of which some may be replaced or deleted by now.

An index does not know which row of an id counts. So more rows than wanted are fetched, with
their versions only, and then looked up: those whose version is still the one that counts are ranked by the distance of
their stored vectors. If enough of them are left, no photo can be missing: one that is nearer than the last candidate is
a candidate itself. If not, more are fetched, and in the end the whole table is scanned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.catalogue.filter_sql import Parameters, to_sql
from shared.catalogue.interface import Vector
from shared.catalogue.session import Rows, Session
from shared.domain.filters import Condition

# A first try fetches a quarter more than are wanted, and a few.
_SPARE = 0.25
_FEW = 5
# A second one fetches so many times more at most, and no more than `_MOST`: beyond that a scan is faster.
_WIDER = 16
_MOST = 4096
# A skip index under FINAL would bring back replaced rows.
_SETTINGS = {"use_skip_indexes": 0}


@dataclass(frozen=True, slots=True)
class Nearest:
    """A search: the `top_k` nearest to `vector`, which has a direction, of those that match `where`."""

    vector: Vector
    top_k: int
    where: Condition | None
    exact: bool


def first_limit(top_k: int) -> int:
    """How many candidates to fetch for `top_k` hits, where nearly all rows count and match."""
    return top_k + round(_SPARE * top_k) + _FEW


def second_limit(top_k: int, fetched: int, found: int) -> int | None:
    """How many to fetch when of those `fetched` only `found` counted and matched: twice what that share asks for.
    None if a scan is faster.
    """
    wanted = 2 * fetched * top_k // found if found else _MOST + 1
    return wanted if wanted <= min(_WIDER * fetched, _MOST) else None


def live(session: Session, collection: str, visible: str, wanted: Nearest, candidates: Rows) -> Rows:
    """The nearest of the candidates that count and match, `top_k` at most.

    Candidates are rows of photo_id and version, nearest first. Returns rows of photo_id, photo_image_url, attributes,
    photo_embed and cosine distance, nearest first.
    """
    versions: dict[str, int] = {}
    for photo_id, version in candidates:
        versions[photo_id] = max(version, versions.get(photo_id, version))
    worth_ranking = first_limit(wanted.top_k)
    if len(versions) > worth_ranking:
        # Vectors are read in granules, many for each row that is ranked; hardly anything tells which rows count.
        rows, parameters = _lookup(collection, visible, wanted, versions)
        found = session.rows(f"SELECT photo_id FROM {rows}", parameters, _SETTINGS)  # noqa: S608
        counting = {photo_id for (photo_id,) in found}
        nearest = [photo_id for photo_id in versions if photo_id in counting][:worth_ranking]
        versions = {photo_id: versions[photo_id] for photo_id in nearest}
    if not versions:
        return []
    rows, parameters = _lookup(collection, visible, wanted, versions)
    return session.rows(
        "SELECT photo_id, photo_image_url, attributes, photo_embed,"  # noqa: S608
        " cosineDistance(photo_embed, {vector:Array(Float32)}) AS dist"
        f" FROM {rows} ORDER BY dist ASC, photo_id ASC LIMIT {{top_k:UInt32}}",
        {**parameters, "vector": wanted.vector.tolist(), "top_k": wanted.top_k},
        _SETTINGS,
    )


def matching(where: Condition | None, parameters: Parameters) -> str:
    """The condition as SQL; `1` for none."""
    return "1" if where is None else to_sql(where, parameters)


def _lookup(
    collection: str, visible: str, wanted: Nearest, versions: Mapping[str, int]
) -> tuple[str, Mapping[str, Any]]:
    """What follows FROM: the rows of these ids that are of these versions, count and match; and its parameters."""
    parameters = Parameters()
    ids = parameters.add(list(versions), "Array(String)")
    version = f"{parameters.add(list(versions.values()), 'Array(UInt64)')}[indexOf({ids}, photo_id)]"
    # `photo_id` is the sorting key: it may be looked at before the rows of an id are merged, all else only after.
    return (
        f"`{collection}` FINAL PREWHERE photo_id IN {ids}"
        f" WHERE {visible} AND version = {version} AND {matching(wanted.where, parameters)}"
    ), parameters
