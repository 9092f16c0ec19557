"""The dialect of MyScale: the cloud, and the open-source MyScaleDB, whose base is as old as ClickHouse 23.3.

Never run against a real MyScale. It relies on the sources and tests of myscale/MyScaleDB, its search-index, and
MyScale's documentation; docs/catalogue.md lists what. So it uses the forms that those tests use: a literal query
vector, ascending order, a literal limit, PREWHERE for the filter, and no FINAL with `distance()`.
"""

import math
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Literal

from cachetools import TTLCache, cachedmethod

from shared.catalogue import schema
from shared.catalogue.dialect import VectorQuery
from shared.catalogue.filter_sql import Parameters, matches
from shared.catalogue.interface import Index
from shared.catalogue.session import Rows, Session
from shared.catalogue.table import Table
from shared.catalogue.vector_search import exact_scan
from shared.catalogue.vector_sql import VectorSql, text_literal
from shared.errors import ConfigurationError, UnavailableError

IndexType = Literal["MSTG", "SCANN", "FLAT", "HNSWFLAT", "HNSWSQ", "IVFFLAT", "IVFSQ"]

_INDEX = "photo_vectors"
# Seconds for which an index's type is cached. With a stale type a search sends a parameter that the server rejects.
_CACHE_TTL = 10.0
_STATUSES: dict[str, Literal["building", "built", "error"]] = {
    "Built": "built",
    "InProgress": "building",
    "Error": "error",
}
# The server counts finished parts, not rows.
_STATUS = """
    SELECT table, type, status, parts_with_vector_index + small_parts AS built, total_parts, latest_failed_part,
        latest_fail_reason, stored
    FROM system.vector_indices AS found
    LEFT JOIN (
        SELECT table, sum(rows) AS stored FROM system.parts
        WHERE database = currentDatabase() AND table IN {names:Array(String)} AND active GROUP BY table
    ) AS parts USING (table)
    WHERE database = currentDatabase() AND table IN {names:Array(String)} AND name = {index:String}
"""
_BAD_ARGUMENTS = 36
# Cosine distances of the probe's two unit vectors from [0, 1]; squared L2 would be 0.4 and 2.
_PROBE_VECTORS = "('near', [0.6, 0.8]), ('far', [1.0, 0.0])"
_PROBE_DISTANCES = {"near": 0.2, "far": 1.0}


@dataclass(frozen=True, slots=True)
class Features:
    """What this server's build supports.

    `metric_setting` is the table setting for the metric of searches without an index, or None.
    """

    brute_force: bool
    mstg: bool
    metric_setting: str | None


class MyScale:
    """Candidates by `distance()` where there is an index.

    `distance()` finds the nearest rows of each part before the rows of an id are merged; FINAL with it only filters
    that result. A replaced row could be returned, or displace a current one. So candidates are read without FINAL.
    Their distances are not used either: an index may round them.
    """

    # ReplacingMergeTree of older builds has no parameter for tombstones, so none is passed.
    visible = "deleted = 0"
    # Its base reads no vectors from bytes, and has no dot product of arrays.
    vectors = VectorSql()
    insert_settings: Mapping[str, Any] = {}
    # Its base has the limit as a setting of the server alone.
    drop_settings: Mapping[str, Any] = {}

    def __init__(self, features: Features, index_type: IndexType | Literal["auto"]) -> None:
        self._settings = {"enable_brute_force_vector_search": 1} if features.brute_force else {}
        self._metric_setting = features.metric_setting
        self._index_type = _default_type(features) if index_type == "auto" else index_type
        self._lock = threading.Lock()
        self._types: TTLCache[str, str | None] = TTLCache(1024, _CACHE_TTL)

    def candidates(self, table: Table, query: VectorQuery, limit: int) -> Rows | None:
        index_type = self._type_of_index(table)
        if index_type is None:
            return None
        parameters = Parameters()
        condition = matches(query.where, parameters)
        distance = f"distance{_search_parameter(index_type)}(photo_embed, {text_literal(query.vector)})"
        found = table.session.rows(
            f"SELECT photo_id, version, {distance} AS dist FROM `{table.name}`"  # noqa: S608
            f" PREWHERE deleted = 0 AND {condition} ORDER BY dist ASC LIMIT {int(limit)}",
            parameters,
            self._settings,
        )
        return [(photo_id, version) for photo_id, version, _ in found]

    def scan(self, table: Table, query: VectorQuery) -> Rows:
        return exact_scan(table, query)

    def prepare(self, session: Session) -> None:
        """Measure two known distances in a scratch table."""
        table = f"lichtbild_probe_{secrets.token_hex(8)}"
        session.command(self.create_table(table, 2, ""))
        try:
            session.command(f"INSERT INTO `{table}` (photo_id, photo_embed) VALUES {_PROBE_VECTORS}")  # noqa: S608
            found = session.rows(
                f"SELECT photo_id, distance(photo_embed, [0.0, 1.0]) AS dist FROM `{table}`"  # noqa: S608
                " ORDER BY dist ASC LIMIT 2",
                settings=self._settings,
            )
        finally:
            session.command(f"DROP TABLE IF EXISTS `{table}`")
        measured = {photo_id: float(distance) for photo_id, distance in found}
        if measured.keys() != _PROBE_DISTANCES.keys():
            raise ConfigurationError(
                "The catalogue does not find rows that were just written: its server searches only parts with a "
                "finished index. Use a MyScale that supports enable_brute_force_vector_search."
            )
        if not all(math.isclose(measured[name], _PROBE_DISTANCES[name], abs_tol=1e-3) for name in measured):
            raise ConfigurationError(
                f"The catalogue does not measure cosine distances: {measured} instead of {_PROBE_DISTANCES}. Use a "
                "MyScale whose tables support float_vector_search_metric_type."
            )

    def create_table(self, name: str, dimension: int, comment: str) -> str:
        settings = f"{self._metric_setting} = 'Cosine'" if self._metric_setting else ""
        return schema.create_table(name, dimension, comment, "ReplacingMergeTree(version)", settings)

    def build_index(self, table: Table, dimension: int) -> None:  # noqa: ARG002
        if _status(table) is not None:
            return
        add = f"ADD VECTOR INDEX {_INDEX} photo_embed TYPE {self._index_type}('metric_type=Cosine')"
        try:
            table.session.command(f"ALTER TABLE `{table.name}` {add}")
        except UnavailableError as error:
            if getattr(error.__cause__, "code", None) != _BAD_ARGUMENTS:
                raise
            raise ConfigurationError(
                f"The catalogue rejects an index of type {self._index_type}. Set LICHTBILD_MYSCALE_INDEX_TYPE to a "
                "type that its server supports."
            ) from error

    def drop_index(self, table: Table) -> None:
        if _status(table) is not None:
            table.session.command(f"ALTER TABLE `{table.name}` DROP VECTOR INDEX {_INDEX}")

    def indexes(self, session: Session, names: Sequence[str]) -> dict[str, Index]:
        """`error` means that a part failed at some time; the server may continue and finish (see `unindexed_parts`)."""
        found = session.rows(_STATUS, {"names": list(names), "index": _INDEX})
        return {name: _index(status) for name, *status in found}

    def unindexed_parts(self, table: Table) -> int:
        found = _status(table)
        return 0 if found is None else int(found[3] - found[2])

    @cachedmethod(attrgetter("_types"), key=lambda _, table: table.name, lock=attrgetter("_lock"))
    def _type_of_index(self, table: Table) -> str | None:
        found = self.indexes(table.session, [table.name])
        return found[table.name].type if found else None


def _status(table: Table) -> list[Any] | None:
    """Type, status, finished parts, all parts, last failed part, its reason, rows; None if there is no index."""
    found = table.session.rows(_STATUS, {"names": [table.name], "index": _INDEX})
    return list(found[0][1:]) if found else None


def _index(found: Sequence[Any]) -> Index:
    kind, status, built, parts, failed_part, reason, stored = found
    why = f"{failed_part}: {reason}" if status == "Error" else None
    return Index(kind, _STATUSES.get(status, "error"), why, stored * built // max(parts, 1))


def _default_type(features: Features) -> IndexType:
    """The cloud's build has MSTG but not SCANN, the open-source build SCANN but not MSTG."""
    return "MSTG" if features.mstg else "SCANN"


def _search_parameter(index_type: str) -> str:
    """The parameter for how thoroughly an index of this type is searched; each type rejects those of the others.

    From MyScale's documentation: alpha is 1 to 4. ef_s is 16 to 1024 with a default of 50, whose recall is too low
    (see `hnsw.EF_SEARCH`). nprobe has a default of 1, which searches one of a thousand cells.
    """
    match index_type.upper():
        case "MSTG" | "SCANN":
            return "('alpha=3')"
        case "HNSWFLAT" | "HNSWSQ":
            return "('ef_s=1024')"
        case "IVFFLAT" | "IVFSQ":
            return "('nprobe=32')"
        case _:
            return ""
