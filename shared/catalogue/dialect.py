"""What differs between engines. Everything else is in `sql_catalogue.py`, `table.py` and `vector_search.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from shared.catalogue.interface import Index, Vector
from shared.catalogue.session import Rows, Session
from shared.catalogue.table import Table
from shared.catalogue.vector_sql import VectorSql
from shared.domain.filters import Condition


@dataclass(frozen=True, slots=True)
class VectorQuery:
    """The `top_k` photos nearest to `vector`, of length 1, among those that match `where`; `exact`: no index."""

    vector: Vector
    top_k: int
    where: Condition | None = None
    exact: bool = False


class Dialect(Protocol):
    """One instance serves one server. Thread-safe."""

    visible: str
    """SQL condition that excludes tombstones from `FROM table FINAL`; `1` where the engine's FINAL excludes them."""

    vectors: VectorSql
    """How the server reads vectors."""

    insert_settings: Mapping[str, Any]
    """Settings of every INSERT."""

    drop_settings: Mapping[str, Any]
    """Settings of DROP TABLE, which some servers refuse for a large table."""

    def candidates(self, table: Table, query: VectorQuery, limit: int) -> Rows | None:
        """Up to `limit` rows of photo_id and version, nearest first, from the index; None if there is no index.

        They may be replaced or deleted, and may miss the filter.
        """

    def scan(self, table: Table, query: VectorQuery) -> Rows:
        """The exact result without an index: rows of photo_id, photo_image_url, attributes, photo_embed, cosine
        distance and the picture's columns, nearest first."""

    def prepare(self, session: Session) -> None:
        """Runs before a collection is created. Raises ConfigurationError if the server's searches would be wrong."""

    def create_table(self, name: str, dimension: int, comment: str) -> str:
        """The CREATE TABLE IF NOT EXISTS statement of a collection. `name` is checked, `comment` is unquoted text."""

    def build_index(self, table: Table, dimension: int) -> None:
        """Start to index all rows that have no index yet; return without waiting."""

    def drop_index(self, table: Table) -> None:
        """Drop the index if there is one."""

    def indexes(self, session: Session, names: Sequence[str]) -> dict[str, Index]:
        """The states of the indexes that these tables have, in one statement."""

    def unindexed_parts(self, table: Table) -> int:
        """The number of parts that a build still has to index."""
