"""The dialect of stock ClickHouse, and of the embedded server, which is the same engine."""

import time

from shared.catalogue import hnsw
from shared.catalogue.candidates import Nearest, limits, live, matching
from shared.catalogue.conditions import Parameters
from shared.catalogue.dialect import quote
from shared.catalogue.interface import Index
from shared.catalogue.session import Rows, Session

# Rows that are read together: a row by its id costs half a megabyte of vectors, where the engine's default costs ten.
_GRANULE_ROWS = 256
# For how long a search believes that there is an index, or none: it would find the same in either case.
_BELIEVE_SECONDS = 5.0


class ClickHouse:
    """Exact scans, and HNSW where it was built."""

    # `ReplacingMergeTree(version, deleted)` hides tombstones under FINAL by itself.
    visible = "1"
    insert_settings = hnsw.INSERT_SETTINGS

    def __init__(self) -> None:
        self._indexed: dict[str, tuple[bool, float]] = {}

    def create_table(self, collection: str, dimension: int, comment: str) -> str:
        return (
            f"CREATE TABLE IF NOT EXISTS `{collection}` ("
            " photo_id String,"
            " photo_image_url String CODEC(ZSTD),"
            " photo_embed Array(Float32) CODEC(NONE),"
            " content_hash String,"
            " attributes String CODEC(ZSTD),"
            " stored_at DateTime64(3, 'UTC') DEFAULT now64(3),"
            " version UInt64,"
            " deleted UInt8,"
            f" CONSTRAINT vector_len CHECK length(photo_embed) = {int(dimension)}"
            f") ENGINE = ReplacingMergeTree(version, deleted) ORDER BY photo_id"
            f" SETTINGS index_granularity = {_GRANULE_ROWS} COMMENT {quote(comment)}"
        )

    def search(self, session: Session, collection: str, wanted: Nearest) -> Rows:
        if not wanted.exact and self._is_indexed(session, collection):
            for limit in limits(wanted.top_k):
                candidates = _by_index(session, collection, wanted, limit)
                found = live(session, collection, self.visible, wanted, candidates)
                if len(found) == wanted.top_k:
                    return found
        return _by_scan(session, collection, wanted)

    def build_index(self, session: Session, collection: str, dimension: int) -> None:
        hnsw.build(session, collection, dimension)

    def drop_index(self, session: Session, collection: str) -> None:
        hnsw.drop(session, collection)

    def index(self, session: Session, collection: str) -> Index:
        return hnsw.status(session, collection)

    def _is_indexed(self, session: Session, collection: str) -> bool:
        known, until = self._indexed.get(collection, (False, 0.0))
        if time.monotonic() > until:
            known = hnsw.exists(session, collection)
            self._indexed[collection] = known, time.monotonic() + _BELIEVE_SECONDS
        return known


def _by_index(session: Session, collection: str, wanted: Nearest, limit: int) -> Rows:
    """Candidates of which some may not match, or be tombstones: a condition here would only thin out what the index
    returns. Anything more than ORDER BY the distance ASC and LIMIT would be answered without the index.
    """
    return session.rows(
        f"SELECT photo_id, version FROM `{collection}`"  # noqa: S608
        " ORDER BY cosineDistance(photo_embed, {vector:Array(Float32)}) ASC LIMIT {limit:UInt32}",
        {"vector": wanted.vector.tolist(), "limit": limit},
        {
            "hnsw_candidate_list_size_for_search": max(hnsw.SEARCH_CANDIDATES, limit),
            "max_limit_for_vector_search_queries": limit,
        },
    )


def _by_scan(session: Session, collection: str, wanted: Nearest) -> Rows:
    """All in one statement, with the rows of each id merged before anything else. FINAL costs a scan hardly anything:
    of 25,000 rows, 25 ms, where a scan for candidates and their lookup take 40.
    """
    parameters = Parameters(vector=wanted.vector.tolist(), top_k=wanted.top_k)
    return session.rows(
        "SELECT photo_id, photo_image_url, attributes, photo_embed,"  # noqa: S608
        " cosineDistance(photo_embed, {vector:Array(Float32)}) AS dist"
        f" FROM `{collection}` FINAL WHERE {matching(wanted.where, parameters)}"
        " ORDER BY dist ASC, photo_id ASC LIMIT {top_k:UInt32}",
        parameters,
        {"use_skip_indexes": 0},
    )
