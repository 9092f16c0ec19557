"""The dialect of ClickHouse, and of the embedded server, which runs the same engine."""

import threading
from collections.abc import Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType
from typing import Any

from cachetools import TTLCache, cachedmethod

from shared.catalogue import hnsw, schema
from shared.catalogue.dialect import VectorQuery
from shared.catalogue.interface import Index
from shared.catalogue.scan_batching import MAX_TOP_K, SharedScans
from shared.catalogue.session import Rows, Session
from shared.catalogue.table import Table
from shared.catalogue.vector_search import exact_scan
from shared.catalogue.vector_sql import VectorSql
from shared.errors import UnavailableError

# Seconds for which "has an index" is cached. A stale value costs time, never correctness.
_CACHE_TTL = 5.0
# Index searches of one process at a time. They keep a server of several cores busy; it has few slots for them.
_MAX_INDEX_SEARCHES = 8

_DOT_PRODUCT = "SELECT dotProduct([toFloat32(1)], reinterpret(base64Decode('AACAPw=='), 'Array(Float32)'))"
_CACHE_BYTES = "SELECT value FROM system.server_settings WHERE name = 'uncompressed_cache_size'"


class ClickHouse:
    """Exact scans, and HNSW where an index was built."""

    # `ReplacingMergeTree(version, deleted)` excludes tombstones under FINAL by itself.
    visible = "1"
    insert_settings = hnsw.INSERT_SETTINGS
    # 0: no limit. The server's own is 50 GB.
    drop_settings: Mapping[str, Any] = MappingProxyType({"max_table_size_to_drop": 0})

    def __init__(self, vectors: VectorSql) -> None:
        self.vectors = vectors
        self._lock = threading.Lock()
        self._has_index: TTLCache[str, bool] = TTLCache(1024, _CACHE_TTL)
        self._index_slots = threading.BoundedSemaphore(_MAX_INDEX_SEARCHES)
        self._scans = SharedScans()

    def candidates(self, table: Table, query: VectorQuery, limit: int) -> Rows | None:
        """Candidates of the whole index: a condition here would only remove some of the rows that it returns."""
        if not self._is_indexed(table):
            return None
        with self._index_slots:
            return hnsw.nearest(table, query.vector, limit)

    def scan(self, table: Table, query: VectorQuery) -> Rows:
        if query.where is None and query.top_k <= MAX_TOP_K:
            return self._scans.rows(table, query)
        return exact_scan(table, query)

    def prepare(self, session: Session) -> None:
        """Nothing to check: each query names its metric."""

    def create_table(self, name: str, dimension: int, comment: str) -> str:
        return schema.create_table(name, dimension, comment, "ReplacingMergeTree(version, deleted)")

    def build_index(self, table: Table, dimension: int) -> None:
        hnsw.build(table, dimension)

    def drop_index(self, table: Table) -> None:
        hnsw.drop(table)

    def indexes(self, session: Session, names: Sequence[str]) -> dict[str, Index]:
        return hnsw.statuses(session, names)

    def unindexed_parts(self, table: Table) -> int:
        return hnsw.unindexed_parts(table)

    @cachedmethod(attrgetter("_has_index"), key=lambda _, table: table.name, lock=attrgetter("_lock"))
    def _is_indexed(self, table: Table) -> bool:
        return hnsw.exists(table)


def supported_vectors(session: Session) -> VectorSql:
    """What the server supports of vectors; what works everywhere where it refuses to answer, or fails just now."""
    return VectorSql(_first_value(session, _DOT_PRODUCT) == 1.0, int(_first_value(session, _CACHE_BYTES) or 0))


def _first_value(session: Session, sql: str) -> Any:
    try:
        found = session.rows(sql)
    except UnavailableError:
        return None
    return found[0][0] if found else None
