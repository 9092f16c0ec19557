"""The dialect of MyScale: the cloud, and the open-source MyScaleDB, whose base is as old as ClickHouse 23.3.

Nothing here was run against a real MyScale. What it relies on was read in the sources and tests of myscale/MyScaleDB,
of its search-index and in MyScale's documentation; docs/catalogue.md has the list. So the forms are the ones that those
tests use: a literal query vector, an ascending order, a literal limit, PREWHERE for the filter, no FINAL beside
`distance()`.
"""

import math
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from shared.catalogue.filter_sql import Parameters
from shared.catalogue.interface import Index, Vector
from shared.catalogue.nearest import find, scan
from shared.catalogue.schema import create_table
from shared.catalogue.session import Rows, Session
from shared.catalogue.vector_search import Nearest, matching
from shared.errors import ConfigurationError, UnavailableError

IndexType = Literal["MSTG", "SCANN", "FLAT", "HNSWFLAT", "HNSWSQ", "IVFFLAT", "IVFSQ"]

_INDEX = "photo_vectors"
# An index is looked for again after this long; a search in between at worst names a parameter that is unknown.
_INDEX_TYPE_SECONDS = 10.0
_STATUSES: dict[str, Literal["building", "built", "error"]] = {
    "Built": "built",
    "InProgress": "building",
    "Error": "error",
}
# The server says of how many parts the index is finished, not of how many rows.
_STATUS = """
    SELECT type, status, parts_with_vector_index + small_parts, total_parts, latest_failed_part, latest_fail_reason,
        (SELECT sum(rows) FROM system.parts WHERE database = currentDatabase() AND table = {name:String} AND active)
    FROM system.vector_indices
    WHERE database = currentDatabase() AND table = {name:String} AND name = {index:String}
"""
_BAD_ARGUMENTS = 36
# Of the scratch table's two unit vectors to [0, 1], by cosine; squared L2 would make it 0.4 and 2.
_PROBE_VECTORS = "('near', [0.6, 0.8]), ('far', [1.0, 0.0])"
_PROBE_DISTANCES = {"near": 0.2, "far": 1.0}


@dataclass(frozen=True, slots=True)
class Server:
    """What this server's build knows.

    `metric_setting` is the table setting for the metric of a search without an index, or None.
    """

    knows_brute_force: bool
    knows_mstg: bool
    metric_setting: str | None


class MyScale:
    """Candidates by `distance()`, where there is an index; `candidates.py` has what becomes of them.

    `distance()` finds the nearest rows of each part, before rows of one id are merged, also beside FINAL, which only
    sorts out what was found. So there is no FINAL here: a replaced row could come back, or push out what counts. And no
    distance of an index is shown: it may be rounded.
    """

    # Older builds' ReplacingMergeTree knows no column for tombstones, so that the engine is told of none.
    visible = "deleted = 0"
    insert_settings: Mapping[str, Any] = {}

    def __init__(self, server: Server, index_type: IndexType | Literal["auto"]) -> None:
        self._settings = {"enable_brute_force_vector_search": 1} if server.knows_brute_force else {}
        self._metric_setting = server.metric_setting
        self._index_type = _default_type(server) if index_type == "auto" else index_type
        self._types: dict[str, tuple[float, str | None]] = {}

    def prepare(self, session: Session) -> None:
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
                "The catalogue's search does not find rows that were just written: its server searches only parts with "
                "a finished index. Use a MyScale that knows enable_brute_force_vector_search."
            )
        if not all(math.isclose(measured[name], _PROBE_DISTANCES[name], abs_tol=1e-3) for name in measured):
            raise ConfigurationError(
                f"The catalogue does not measure cosine distances: {measured} instead of {_PROBE_DISTANCES}. Use a "
                "MyScale whose tables know float_vector_search_metric_type."
            )

    def create_table(self, collection: str, dimension: int, comment: str) -> str:
        settings = f"{self._metric_setting} = 'Cosine'" if self._metric_setting else ""
        return create_table(collection, dimension, comment, "ReplacingMergeTree(version)", settings)

    def search(self, session: Session, collection: str, wanted: Nearest) -> Rows:
        indexed_by = None if wanted.exact else self._indexed_by(session, collection)
        ask_index = partial(self._by_index, session, collection, wanted, indexed_by) if indexed_by else None
        by_scan = partial(scan, session, collection, self.visible, wanted)
        return find(session, collection, self.visible, wanted, ask_index=ask_index, by_scan=by_scan)

    def build_index(self, session: Session, collection: str, dimension: int) -> None:  # noqa: ARG002
        if self.index(session, collection).status != "none":
            return
        add = f"ADD VECTOR INDEX {_INDEX} photo_embed TYPE {self._index_type}('metric_type=Cosine')"
        try:
            session.command(f"ALTER TABLE `{collection}` {add}")
        except UnavailableError as error:
            if getattr(error.__cause__, "code", None) != _BAD_ARGUMENTS:
                raise
            raise ConfigurationError(
                f"The catalogue refuses an index of the type {self._index_type}; set LICHTBILD_MYSCALE_INDEX_TYPE to "
                "one that its server knows."
            ) from error

    def drop_index(self, session: Session, collection: str) -> None:
        if self.index(session, collection).status != "none":
            session.command(f"ALTER TABLE `{collection}` DROP VECTOR INDEX {_INDEX}")

    def index(self, session: Session, collection: str) -> Index:
        found = session.rows(_STATUS, {"name": collection, "index": _INDEX})
        if not found:
            return Index(None, "none", None, 0)
        kind, status, covered, parts, failed, reason, rows = found[0]
        why = f"{failed}: {reason}" if status == "Error" else None
        return Index(kind, _STATUSES.get(status, "error"), why, rows * covered // max(parts, 1))

    def _by_index(self, session: Session, collection: str, wanted: Nearest, index_type: str, limit: int) -> Rows:
        parameters = Parameters()
        condition = matching(wanted.where, parameters)
        tuning = _search_parameter(index_type)
        found = session.rows(
            f"SELECT photo_id, version, distance{tuning}(photo_embed, {_literal(wanted.vector)}) AS dist"  # noqa: S608
            f" FROM `{collection}` PREWHERE deleted = 0 AND {condition} ORDER BY dist ASC LIMIT {int(limit)}",
            parameters,
            self._settings,
        )
        return [(photo_id, version) for photo_id, version, _ in found]

    def _indexed_by(self, session: Session, collection: str) -> str | None:
        until, kind = self._types.get(collection, (0.0, None))
        if time.monotonic() >= until:
            kind = self.index(session, collection).type
            self._types[collection] = (time.monotonic() + _INDEX_TYPE_SECONDS, kind)
        return kind


def _default_type(server: Server) -> IndexType:
    """MSTG is in the cloud's build alone, SCANN in the open-source one alone."""
    return "MSTG" if server.knows_mstg else "SCANN"


def _search_parameter(index_type: str) -> str:
    """The parameter that decides how thoroughly an index of this type searches; each type refuses the others'.

    Ranges and defaults as in MyScale's documentation: alpha 1 to 4; ef_s 16 to 1024 with a default of 50, of which
    another server's HNSW finds too few (`hnsw.SEARCH_CANDIDATES`); nprobe with a default of 1, which would look at one
    of a thousand cells.
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


def _literal(vector: Vector) -> str:
    """The vector as SQL. With a point or an exponent in each number: whole ones would make it an array of UInt64."""
    return f"[{', '.join(repr(float(value)) for value in vector)}]"
