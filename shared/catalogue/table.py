"""One collection's table: the statements that are the same in every dialect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.catalogue.literals import strings
from shared.catalogue.schema import COLUMNS, PICTURE, PICTURE_COLUMNS
from shared.catalogue.session import Rows, Session
from shared.catalogue.vector_sql import VectorSql


@dataclass(frozen=True, slots=True)
class Table:
    """A table by its checked name. `FINAL` keeps the newest row of each id, and `visible` excludes tombstones.

    A table that does not exist has no rows.
    """

    session: Session
    name: str
    visible: str = "1"
    vectors: VectorSql = field(default_factory=VectorSql)

    def insert(self, columns: Sequence[Sequence[Any]], settings: Mapping[str, Any], *, pictures: bool = False) -> None:
        """Insert `COLUMNS`, in their order, and then `PICTURE_COLUMNS` if the columns have `pictures`.

        Raises NotFoundError if the table does not exist.
        """
        self.session.insert(self.name, COLUMNS | PICTURE_COLUMNS if pictures else COLUMNS, columns, settings)

    def count(self) -> int:
        """The number of photos."""
        found = self.session.rows(f"SELECT count() FROM {self._visible_rows}")  # noqa: S608
        return int(found[0][0]) if found else 0

    @property
    def named_count(self) -> str:
        """The statement of one row: the table's name and its number of photos."""
        return f"SELECT '{self.name}' AS name, count() AS photos FROM {self._visible_rows}"  # noqa: S608

    def drop(self, settings: Mapping[str, Any]) -> None:
        """Delete the table, whatever its size; SYNC: a new one of this name can be created at once."""
        self.session.command(f"DROP TABLE IF EXISTS `{self.name}` SYNC", settings)

    def ids(self, after: str, limit: int) -> list[str]:
        """Up to `limit` ids that sort after `after`."""
        found = self.session.rows(
            f"SELECT photo_id FROM {self._visible_rows} AND photo_id > {{after:String}}"  # noqa: S608
            f" ORDER BY photo_id LIMIT {int(limit)}",
            {"after": after},
        )
        return [photo_id for (photo_id,) in found]

    def lookup(self, columns: str, photo_ids: Sequence[str]) -> Rows:
        """Rows of photo_id and `columns` for those of the ids that are stored."""
        if not photo_ids:
            return ()
        # PREWHERE filters before FINAL merges the rows of an id. That is correct for the sorting key alone.
        return self.session.rows(
            f"SELECT photo_id, {columns} FROM `{self.name}` FINAL"  # noqa: S608
            f" PREWHERE photo_id IN {strings(photo_ids)} WHERE {self.visible}"
        )

    def random(self, count: int) -> Rows:
        """Up to `count` rows of photo_id, photo_image_url, attributes and picture columns, drawn at random."""
        # The inner query reads only ids; attributes and URLs are read for the drawn rows.
        return self.session.rows(
            f"SELECT photo_id, photo_image_url, attributes, {PICTURE} FROM {self._visible_rows}"  # noqa: S608
            f" AND photo_id IN (SELECT photo_id FROM {self._visible_rows} ORDER BY rand() LIMIT {int(count)})"
            " ORDER BY rand()"
        )

    @property
    def _visible_rows(self) -> str:
        return f"`{self.name}` FINAL WHERE {self.visible}"
