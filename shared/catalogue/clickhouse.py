"""The dialect of stock ClickHouse, and of the embedded server, which is the same engine."""

import threading
import time
from functools import partial

from shared.catalogue import hnsw
from shared.catalogue.interface import Index
from shared.catalogue.nearest import find, scan
from shared.catalogue.scan_batching import MOST_HITS, SharedScans
from shared.catalogue.schema import create_table
from shared.catalogue.session import Rows, Session
from shared.catalogue.vector_search import Nearest

# For how long a search believes that there is an index, or none: it would find the same in either case.
_BELIEVE_SECONDS = 5.0
# Of a thousand true neighbours 0.986 are found if the graph's walk keeps no more than are fetched, and 0.998 so.
_KEPT_PER_FETCHED = 2
# Searches of one process in an index at a time, which keep a server of several cores busy: it has few places for them.
_SEARCHES_IN_INDEX = 8


class ClickHouse:
    """Exact scans, and HNSW where it was built."""

    # `ReplacingMergeTree(version, deleted)` hides tombstones under FINAL by itself.
    visible = "1"
    insert_settings = hnsw.INSERT_SETTINGS

    def __init__(self) -> None:
        self._indexed: dict[str, tuple[bool, float]] = {}
        self._scans = SharedScans(self._alone)
        self._places = threading.BoundedSemaphore(_SEARCHES_IN_INDEX)

    def prepare(self, session: Session) -> None:
        """Nothing: the metric is in each query."""

    def create_table(self, collection: str, dimension: int, comment: str) -> str:
        return create_table(collection, dimension, comment, "ReplacingMergeTree(version, deleted)")

    def search(self, session: Session, collection: str, wanted: Nearest) -> Rows:
        indexed = not wanted.exact and self._is_indexed(session, collection)
        ask_index = partial(self._ask_index, session, collection, wanted) if indexed else None
        by_scan = partial(self._by_scan, session, collection, wanted)
        return find(session, collection, self.visible, wanted, ask_index=ask_index, by_scan=by_scan)

    def build_index(self, session: Session, collection: str, dimension: int) -> None:
        hnsw.build(session, collection, dimension)

    def drop_index(self, session: Session, collection: str) -> None:
        hnsw.drop(session, collection)

    def index(self, session: Session, collection: str) -> Index:
        return hnsw.status(session, collection)

    def _by_scan(self, session: Session, collection: str, wanted: Nearest) -> Rows:
        is_plain = wanted.where is None and wanted.top_k <= MOST_HITS
        return (self._scans.rows if is_plain else self._alone)(session, collection, wanted)

    def _alone(self, session: Session, collection: str, wanted: Nearest) -> Rows:
        return scan(session, collection, self.visible, wanted)

    def _is_indexed(self, session: Session, collection: str) -> bool:
        known, until = self._indexed.get(collection, (False, 0.0))
        if time.monotonic() > until:
            known = hnsw.exists(session, collection)
            self._indexed[collection] = known, time.monotonic() + _BELIEVE_SECONDS
        return known

    def _ask_index(self, session: Session, collection: str, wanted: Nearest, limit: int) -> Rows:
        """Candidates of which some may not match, or be tombstones: a condition here would only thin out what the index
        returns. Anything more than ORDER BY the distance ASC and LIMIT would be answered without the index.
        """
        with self._places:
            return session.rows(
                f"SELECT photo_id, version FROM `{collection}`"  # noqa: S608
                " ORDER BY cosineDistance(photo_embed, {vector:Array(Float32)}) ASC LIMIT {limit:UInt32}",
                {"vector": wanted.vector.tolist(), "limit": limit},
                {
                    "hnsw_candidate_list_size_for_search": max(hnsw.SEARCH_CANDIDATES, _KEPT_PER_FETCHED * limit),
                    "max_limit_for_vector_search_queries": limit,
                },
            )
