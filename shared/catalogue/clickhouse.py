"""The catalogue on stock ClickHouse, and on the embedded server, which is the same engine."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import numpy as np
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from clickhouse_connect.driver.exceptions import Error as DriverError
from urllib3.exceptions import HTTPError

from shared.catalogue.interface import (
    Collection,
    Hit,
    Known,
    Photo,
    Row,
    Vector,
    check_model,
    check_name,
    check_vector,
)
from shared.errors import ModelMismatchError, NotFoundError, UnavailableError

log = logging.getLogger(__name__)

Result = TypeVar("Result")

_COLUMNS = (
    "photo_id",
    "photo_image_url",
    "photo_embed",
    "content_hash",
    "attributes",
    "version",
    "deleted",
)
_TYPES = ("String", "String", "Array(Float32)", "String", "String", "UInt64", "UInt8")
_LIST_TABLES = (
    "SELECT name, comment FROM system.tables"
    " WHERE database = currentDatabase() AND ({name:String} = '' OR name = {name:String}) ORDER BY name"
)
_UNKNOWN_TABLE = 60  # ClickHouse's error code
_COMMENT_KIND = "lichtbild"


class ClickHouseCatalogue:
    """One ReplacingMergeTree per collection: the row of the highest version of an id is the photo, or its tombstone.

    The model's name and dimension are in the table's comment, which is written by the very statement that creates the
    table: of two workers with different models that create it at once, one wins and the other is refused.
    """

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._connected: Client | None = None

    def ping(self) -> None:
        self._call(lambda client: client.query("SELECT 1"))

    def ensure(self, collection: str, model: str, dimension: int) -> None:
        comment = json.dumps({"kind": _COMMENT_KIND, "schema": 1, "model": model, "dimension": dimension})
        self._call(lambda client: client.command(_create_table(check_name(collection), dimension, comment)))
        found = self.describe(collection)
        if found is None:
            raise ModelMismatchError(f"The table {collection!r} is of another kind; use another collection.")
        check_model(found, model, dimension)

    def write(self, collection: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        columns: list[Sequence[Any]] = [
            [row.photo_id for row in rows],
            [row.url for row in rows],
            cast(Sequence[Any], np.stack([row.embedding for row in rows]).astype(np.float32, copy=False)),
            [row.content_hash.hex() for row in rows],
            [json.dumps(row.attributes, separators=(",", ":")) for row in rows],
            [row.version for row in rows],
            [0] * len(rows),
        ]
        self._insert(collection, columns)

    def delete(self, collection: str, versions: Mapping[str, int]) -> None:
        if not versions:
            return
        found = self.describe(collection)
        if found is None:
            raise NotFoundError(f"There is no collection {collection!r}.")
        count = len(versions)
        # The table asks for a vector of its length in every row, and a direction: a zero vector has none.
        anywhere = np.zeros((count, found.dimension), np.float32)
        anywhere[:, 0] = 1.0
        empty = [""] * count
        columns = [list(versions), empty, anywhere, empty, ["{}"] * count, list(versions.values()), [1] * count]
        self._insert(collection, cast(list[Sequence[Any]], columns))

    def known(self, collection: str, photo_ids: Sequence[str]) -> dict[str, Known]:
        found = self._lookup(collection, "photo_image_url, content_hash, attributes, version", photo_ids)
        return {
            photo_id: Known(url, bytes.fromhex(content_hash), json.loads(attributes), version)
            for photo_id, url, content_hash, attributes, version in found
        }

    def embeddings(self, collection: str, photo_ids: Sequence[str]) -> dict[str, Vector]:
        found = self._lookup(collection, "photo_embed", photo_ids)
        return {photo_id: np.asarray(embedding, np.float32) for photo_id, embedding in found}

    def search(self, collection: str, vector: Vector, top_k: int) -> list[Hit]:
        found = self._rows(
            f"SELECT photo_id, photo_image_url, attributes, photo_embed,"  # noqa: S608
            f" cosineDistance(photo_embed, {{vector:Array(Float32)}}) AS distance"
            f" FROM `{check_name(collection)}` FINAL ORDER BY distance ASC LIMIT {{top_k:UInt32}}",
            {"vector": check_vector(vector).tolist(), "top_k": top_k},
        )
        return [
            Hit(_photo(photo_id, url, attributes), float(distance), np.asarray(embedding, np.float32))
            for photo_id, url, attributes, embedding, distance in found
        ]

    def get(self, collection: str, photo_id: str) -> Photo | None:
        found = self._rows(
            f"SELECT photo_id, photo_image_url, attributes, photo_embed"  # noqa: S608
            f" FROM `{check_name(collection)}` FINAL WHERE photo_id = {{photo_id:String}}",
            {"photo_id": photo_id},
        )
        return _photo(*found[0]) if found else None

    def random(self, collection: str) -> Photo | None:
        # The inner query reads only ids, not vectors, attributes or URLs.
        found = self._rows(
            f"SELECT photo_id, photo_image_url, attributes FROM `{check_name(collection)}` FINAL"  # noqa: S608
            f" WHERE photo_id = (SELECT photo_id FROM `{collection}` FINAL ORDER BY rand() LIMIT 1)",
            {},
        )
        return _photo(*found[0]) if found else None

    def count(self, collection: str) -> int:
        found = self._rows(f"SELECT count() FROM `{check_name(collection)}` FINAL", {})  # noqa: S608
        return int(found[0][0]) if found else 0

    def describe(self, collection: str) -> Collection | None:
        return next(iter(self._tables(check_name(collection))), None)

    def collections(self) -> list[Collection]:
        return self._tables("")

    def _insert(self, collection: str, columns: Sequence[Sequence[Any]]) -> None:
        self._call(
            lambda client: client.insert(
                check_name(collection),
                columns,
                column_names=_COLUMNS,
                column_type_names=_TYPES,
                column_oriented=True,
            )
        )

    def _lookup(self, collection: str, columns: str, photo_ids: Sequence[str]) -> Sequence[Sequence[Any]]:
        if not photo_ids:
            return ()
        # `photo_id` is the sorting key, so it may be looked at before the rows of an id are merged.
        return self._rows(
            f"SELECT photo_id, {columns} FROM `{check_name(collection)}` FINAL"  # noqa: S608
            f" PREWHERE photo_id IN {{photo_ids:Array(String)}}",
            {"photo_ids": list(photo_ids)},
        )

    def _tables(self, name: str) -> list[Collection]:
        """The collection of that name, or all if it is empty; other tables of the database are not ours."""
        known = [(table, _read_comment(comment)) for table, comment in self._rows(_LIST_TABLES, {"name": name})]
        return [Collection(table, facts["model"], facts["dimension"]) for table, facts in known if facts is not None]

    def _rows(self, sql: str, parameters: dict[str, Any]) -> Sequence[Sequence[Any]]:
        """Run a query; a collection that does not exist yet has no rows."""

        def run(client: Client) -> Sequence[Sequence[Any]]:
            try:
                return client.query(sql, parameters=parameters).result_rows
            except DatabaseError as error:
                if error.code == _UNKNOWN_TABLE:
                    return []
                raise

        return self._call(run)

    def _call(self, run: Callable[[Client], Result]) -> Result:
        try:
            if self._connected is None:
                self._connected = self._connect()
            return run(self._connected)
        except (DriverError, HTTPError, ConnectionError, TimeoutError) as error:
            # The driver's text may hold SQL and addresses: it is for the log, not for clients.
            log.warning("The catalogue failed: %s", error)
            code = getattr(error, "name", None) or type(error).__name__
            raise UnavailableError(f"The catalogue cannot be reached or refuses for now ({code}).") from error


def _create_table(collection: str, dimension: int, comment: str) -> str:
    quoted = comment.replace("\\", "\\\\").replace("'", "\\'")
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
        f") ENGINE = ReplacingMergeTree(version, deleted) ORDER BY photo_id COMMENT '{quoted}'"
    )


def _read_comment(comment: str) -> dict[str, Any] | None:
    try:
        facts = json.loads(comment)
    except ValueError:
        return None
    return facts if isinstance(facts, dict) and facts.get("kind") == _COMMENT_KIND else None


def _photo(photo_id: str, url: str, attributes: str, embedding: Sequence[float] | None = None) -> Photo:
    vector = None if embedding is None else np.asarray(embedding, np.float32)
    return Photo(photo_id, url, json.loads(attributes), vector)
