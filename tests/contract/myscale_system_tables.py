"""The stand-in's system tables: ClickHouse's, with the rows that MyScale adds."""

from __future__ import annotations

from collections.abc import Sequence

from tests.contract.myscale_build import Build
from tests.contract.myscale_indexes import VectorIndex

VECTOR_INDICES = (
    "database String, table String, name String, type String, expr String, total_parts Int64,"
    " parts_with_vector_index Int64, small_parts Int64, status String, host_name String, latest_failed_part String,"
    " latest_fail_reason String"
)
EMPTY_VECTOR_INDICES = "stand_in.vector_indices"
_TABLES = "name, uuid, engine, engine_full, create_table_query, comment, total_rows, total_bytes"


def relation(name: str, build: Build, indexes: Sequence[VectorIndex]) -> str:
    """What to put after FROM instead of `system.NAME`."""
    match name:
        case "vector_indices":
            return f"(SELECT * FROM {_vector_indices(indexes)})"
        case "settings":
            rows = ", ".join(f"('{setting}', '{value}', 0)" for setting, value in build.search_settings().items())
            return (
                "(SELECT name, value, readonly FROM system.settings"
                f" UNION ALL SELECT * FROM values('name String, value String, readonly UInt8', {rows}))"
            )
        case "merge_tree_settings":
            own = f"SELECT '{build.metric_setting}', 'L2'"
            return f"(SELECT name, value FROM system.merge_tree_settings UNION ALL {own})"
        case "tables":
            database = "if(database = 'stand_in', 'system', database) AS database"
            return f"(SELECT {database}, {_TABLES} FROM system.tables)"
    return f"system.{name}"


def _vector_indices(indexes: Sequence[VectorIndex]) -> str:
    rows = []
    for index in indexes:
        failed, reason = index.failed if index.status() == "Error" else ("", "")
        counts = f"{len(index.parts)}, {len(index.built)}, 0"
        rows.append(
            f"('default', '{index.table}', '{index.name}', '{index.kind}', '{index.expression}', {counts},"
            f" '{index.status()}', 'stand-in', '{failed}', '{reason}')"
        )
    return f"values('{VECTOR_INDICES}', {', '.join(rows)})" if rows else EMPTY_VECTOR_INDICES
