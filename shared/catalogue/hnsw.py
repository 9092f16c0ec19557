"""ClickHouse's vector index: HNSW, kept with each part of a table; parts without it are scanned.

An insert builds none, so that it never waits for one. A build covers the parts that are there; what comes later gets
its index when its parts are merged.
"""

from collections.abc import Mapping
from typing import Any

from shared.catalogue.interface import Index
from shared.catalogue.session import Session

INSERT_SETTINGS: Mapping[str, Any] = {"materialize_skip_indexes_on_insert": 0}

_NAME = "vidx"
# Degree of the graph, and the candidates looked at for each new row: twice the engine's own defaults, with which a
# million photos' nearest ten were found to 0.979 only, and are to 0.995 so. A build takes 2.4 times as long
# (docs/performance.md).
DEGREE = 64
BUILD_CANDIDATES = 256
# Candidates that a search keeps on its way through the graph; more find more of the true neighbours and take longer.
# Among 150,000 photos 1024 find 0.999 of a text's ten nearest, 512 find 0.996, 4 ms sooner.
SEARCH_CANDIDATES = 1024

_EXISTS = (
    "SELECT 1 FROM system.data_skipping_indices"
    " WHERE database = currentDatabase() AND table = {name:String} AND name = {index:String}"
)
_BUILDS = "database = currentDatabase() AND table = {name:String} AND command LIKE '%MATERIALIZE INDEX%'"
_STATUS = f"""
    SELECT type_full,
        (SELECT countIf(NOT is_done) FROM system.mutations WHERE {_BUILDS}),
        (SELECT anyLastIf(latest_fail_reason, NOT is_done) FROM system.mutations WHERE {_BUILDS}),
        (SELECT sumIf(rows, secondary_indices_compressed_bytes > 0) FROM system.parts
            WHERE database = currentDatabase() AND table = {{name:String}} AND active)
    FROM system.data_skipping_indices
    WHERE database = currentDatabase() AND table = {{name:String}} AND name = {{index:String}}
"""  # noqa: S608


def build(session: Session, collection: str, dimension: int) -> None:
    """Begin to index the rows that have no index yet, in the background."""
    session.command(
        f"ALTER TABLE `{collection}` ADD INDEX IF NOT EXISTS {_NAME} photo_embed TYPE"
        f" vector_similarity('hnsw', 'cosineDistance', {int(dimension)}, 'bf16', {DEGREE}, {BUILD_CANDIDATES})"
    )
    session.command(f"ALTER TABLE `{collection}` MATERIALIZE INDEX {_NAME}", {"mutations_sync": 0})


def drop(session: Session, collection: str) -> None:
    """Stop a build that is under way, and drop the index of all parts."""
    session.command(
        f"KILL MUTATION WHERE database = currentDatabase() AND table = '{collection}'"
        " AND command LIKE '%MATERIALIZE INDEX%' SYNC"
    )
    session.command(f"ALTER TABLE `{collection}` DROP INDEX IF EXISTS {_NAME}")


def status(session: Session, collection: str) -> Index:
    found = session.rows(_STATUS, {"name": collection, "index": _NAME})
    if not found:
        return Index(None, "none", None, 0)
    _, running, failure, rows = found[0]
    if failure:
        return Index("hnsw", "error", failure, rows)
    return Index("hnsw", "building" if running else "built", None, rows)


def exists(session: Session, collection: str) -> bool:
    """Whether there is an index, be it only of some parts."""
    return bool(session.rows(_EXISTS, {"name": collection, "index": _NAME}))
