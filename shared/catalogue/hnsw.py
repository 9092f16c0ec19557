"""ClickHouse's HNSW index. Each part of a table has its own; parts without one are scanned by the same query.

INSERT builds no index, so that it never waits for one. A build covers the parts that exist; rows that are written later
get their index when their parts are merged.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.catalogue.interface import Index, Vector
from shared.catalogue.session import Rows, Session
from shared.catalogue.table import Table

INSERT_SETTINGS: Mapping[str, Any] = {"materialize_skip_indexes_on_insert": 0}

_NAME = "vidx"
# The graph's parameters, both twice the engine's defaults: recall@10 among a million photos is 0.995 instead of 0.979,
# and a build takes 2.4 times as long (docs/performance.md).
M = 64
EF_CONSTRUCTION = 256
# Minimum ef of a search. Recall@10 of texts among 150,000 photos is 0.999 with 1024, and 0.996 with 512, which is 4 ms
# faster.
EF_SEARCH = 1024
# Minimum ef per row of the limit: recall@1000 is 0.986 with ef = limit and 0.998 with ef = 2 * limit.
_EF_PER_ROW = 2

_OF_TABLE = "database = currentDatabase() AND table = {name:String}"
_EXISTS = f"SELECT 1 FROM system.data_skipping_indices WHERE {_OF_TABLE} AND name = {{index:String}}"  # noqa: S608
_BUILDS = f"{_OF_TABLE} AND command LIKE '%MATERIALIZE INDEX%'"
_OF_TABLES = "database = currentDatabase() AND table IN {names:Array(String)}"
_STATUS = f"""
    SELECT table, running, failure, covered
    FROM (SELECT table FROM system.data_skipping_indices WHERE {_OF_TABLES} AND name = {{index:String}}) AS found
    LEFT JOIN (
        SELECT table, countIf(NOT is_done) AS running, anyLastIf(latest_fail_reason, NOT is_done) AS failure
        FROM system.mutations WHERE {_OF_TABLES} AND command LIKE '%MATERIALIZE INDEX%' GROUP BY table
    ) AS builds USING (table)
    LEFT JOIN (
        SELECT table, sumIf(rows, secondary_indices_compressed_bytes > 0) AS covered
        FROM system.parts WHERE {_OF_TABLES} AND active GROUP BY table
    ) AS parts USING (table)
"""  # noqa: S608
_UNINDEXED = f"SELECT sumIf(parts_to_do, NOT is_done) FROM system.mutations WHERE {_BUILDS}"  # noqa: S608


def nearest(table: Table, vector: Vector, limit: int) -> Rows:
    """Rows of photo_id and version, nearest first, replaced and deleted ones among them.

    The engine uses the index only for exactly this form: one distance, ascending, and a LIMIT.
    """
    return table.session.rows(
        f"SELECT photo_id, version FROM `{table.name}`"  # noqa: S608
        f" ORDER BY cosineDistance(photo_embed, {table.vectors.literal(vector)}) ASC LIMIT {int(limit)}",
        {},
        {
            "hnsw_candidate_list_size_for_search": max(EF_SEARCH, _EF_PER_ROW * limit),
            "max_limit_for_vector_search_queries": limit,
        },
    )


def build(table: Table, dimension: int) -> None:
    """Start to index the rows that have no index yet, in the background."""
    table.session.command(
        f"ALTER TABLE `{table.name}` ADD INDEX IF NOT EXISTS {_NAME} photo_embed TYPE"
        f" vector_similarity('hnsw', 'cosineDistance', {int(dimension)}, 'bf16', {M}, {EF_CONSTRUCTION})"
    )
    table.session.command(f"ALTER TABLE `{table.name}` MATERIALIZE INDEX {_NAME}", {"mutations_sync": 0})


def drop(table: Table) -> None:
    """Stop a running build, and drop the index of all parts."""
    table.session.command(
        f"KILL MUTATION WHERE database = currentDatabase() AND table = '{table.name}'"
        " AND command LIKE '%MATERIALIZE INDEX%' SYNC"
    )
    table.session.command(f"ALTER TABLE `{table.name}` DROP INDEX IF EXISTS {_NAME}")


def statuses(session: Session, names: Sequence[str]) -> dict[str, Index]:
    """The states of the indexes that these tables have; `error` if the last attempt at a part failed, though the engine
    retries."""
    found = session.rows(_STATUS, {"names": list(names), "index": _NAME})
    return {name: _index(running, failure, covered) for name, running, failure, covered in found}


def _index(running: int, failure: str, covered: int) -> Index:
    if failure:
        return Index("hnsw", "error", failure, covered)
    return Index("hnsw", "building" if running else "built", None, covered)


def unindexed_parts(table: Table) -> int:
    """The number of parts that a build still has to index."""
    found = table.session.rows(_UNINDEXED, {"name": table.name})
    return int(found[0][0]) if found else 0


def exists(table: Table) -> bool:
    """Whether the table has an index, even if it covers only some parts."""
    return bool(table.session.rows(_EXISTS, {"name": table.name, "index": _NAME}))
