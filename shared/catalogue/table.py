"""The catalogue in SQL: what is the same for every engine that speaks ClickHouse's protocol."""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from shared.catalogue.dialect import Dialect
from shared.catalogue.interface import (
    Collection,
    Hit,
    Index,
    Known,
    Photo,
    Row,
    Vector,
    check_model,
    check_name,
    check_vector,
)
from shared.catalogue.session import Rows, Session
from shared.catalogue.vector_search import Nearest
from shared.domain.filters import Condition
from shared.errors import ModelMismatchError, NewerSchemaError, NotFoundError, UnavailableError

log = logging.getLogger(__name__)

_COLUMNS = {
    "photo_id": "String",
    "photo_image_url": "String",
    "photo_embed": "Array(Float32)",
    "content_hash": "String",
    "attributes": "String",
    "version": "UInt64",
    "deleted": "UInt8",
}
_LIST_TABLES = (
    "SELECT name, comment FROM system.tables"
    " WHERE database = currentDatabase() AND ({name:String} = '' OR name = {name:String}) ORDER BY name"
)
_COMMENT_KIND = "lichtbild"
# What a table's comment says of its layout. Schema 1 differs from 2 in the size of its granules alone: such a table is
# used as it is, and is slower.
_SCHEMA = 2
# For how long a collection is believed to be as it was. Somebody may drop it meanwhile: `write` makes it again.
_BELIEVE_SECONDS = 5.0


class SqlCatalogue:
    """One ReplacingMergeTree per collection: the row of the highest version of an id is the photo, or its tombstone.

    The model's name and dimension are in the table's comment, which is written by the very statement that creates the
    table: of two workers with different models that create it at once, one wins and the other is refused.
    """

    def __init__(self, session: Session, detect: Callable[[Session], Dialect]) -> None:
        self._session = session
        self._detect = detect
        self._ensured: dict[str, _Ensured] = {}

    @cached_property
    def _dialect(self) -> Dialect:
        """Asked for with the first statement that needs it, since the server may be away until then."""
        return self._detect(self._session)

    def ping(self) -> None:
        self._session.rows("SELECT 1")

    def ensure(self, collection: str, model: str, dimension: int) -> None:
        ensured = self._ensured.get(collection)
        if ensured is not None and ensured.believed_until > time.monotonic():
            check_model(ensured.collection, model, dimension)
            return
        found = self.describe(collection)
        # Only where it is missing: a worker's user need not be allowed to create tables.
        if found is None:
            comment = json.dumps({"kind": _COMMENT_KIND, "schema": _SCHEMA, "model": model, "dimension": dimension})
            self._dialect.prepare(self._session)
            self._session.command(self._dialect.create_table(collection, dimension, comment))
            found = self.describe(collection)
        if found is None:
            raise ModelMismatchError(f"The table {collection!r} is of another kind; use another collection.")
        check_model(found, model, dimension)
        self._ensured[collection] = _Ensured(found, time.monotonic() + _BELIEVE_SECONDS)

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
        try:
            self._insert(collection, columns)
        except NotFoundError:
            self._make_again(collection)
            self._insert(collection, columns)

    def delete(self, collection: str, versions: Mapping[str, int]) -> None:
        if not versions:
            return
        found = self._found(collection)
        count = len(versions)
        empty = [""] * count
        vectors = _out_of_the_way(count, found.dimension)
        columns = [list(versions), empty, vectors, empty, ["{}"] * count, list(versions.values()), [1] * count]
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

    def search(
        self, collection: str, vector: Vector, top_k: int, where: Condition | None = None, exact: bool = False
    ) -> list[Hit]:
        wanted = Nearest(check_vector(vector), top_k, where, exact)
        found = self._dialect.search(self._session, check_name(collection), wanted)
        return [
            Hit(_photo(photo_id, url, attributes), float(distance), np.asarray(embedding, np.float32))
            for photo_id, url, attributes, embedding, distance in found
        ]

    def get(self, collection: str, photo_id: str) -> Photo | None:
        found = self._lookup(collection, "photo_image_url, attributes, photo_embed", [photo_id])
        return _photo(*found[0]) if found else None

    def random(self, collection: str) -> Photo | None:
        # The inner query reads only ids, not vectors, attributes or URLs.
        rows = f"`{check_name(collection)}` FINAL WHERE {self._dialect.visible}"
        found = self._session.rows(
            f"SELECT photo_id, photo_image_url, attributes FROM {rows}"  # noqa: S608
            f" AND photo_id = (SELECT photo_id FROM {rows} ORDER BY rand() LIMIT 1)"
        )
        return _photo(*found[0]) if found else None

    def count(self, collection: str) -> int:
        found = self._session.rows(
            f"SELECT count() FROM `{check_name(collection)}` FINAL WHERE {self._dialect.visible}"  # noqa: S608
        )
        return int(found[0][0]) if found else 0

    def describe(self, collection: str) -> Collection | None:
        for table, facts in self._tables(check_name(collection)):
            return _collection(table, facts)
        return None

    def collections(self) -> list[Collection]:
        # One of a newer schema must not take the others with it.
        return [_collection(table, facts) for table, facts in self._tables("") if facts["schema"] <= _SCHEMA]

    def build_index(self, collection: str) -> None:
        self._dialect.build_index(self._session, collection, self._found(collection).dimension)

    def drop_index(self, collection: str) -> None:
        self._found(collection)
        self._dialect.drop_index(self._session, collection)

    def index(self, collection: str) -> Index:
        return self._dialect.index(self._session, check_name(collection))

    def _insert(self, collection: str, columns: Sequence[Sequence[Any]]) -> None:
        self._session.insert(check_name(collection), _COLUMNS, columns, self._dialect.insert_settings)

    def _make_again(self, collection: str) -> None:
        """The table was dropped after `ensure`: its photos are gone, but what is being written need not be."""
        ensured = self._ensured.pop(collection, None)
        if ensured is None:
            raise UnavailableError(f"There is no collection {collection!r} to write to.")
        log.warning("The table %s was dropped; it is made again.", collection)
        self.ensure(collection, ensured.collection.model, ensured.collection.dimension)

    def _found(self, collection: str) -> Collection:
        found = self.describe(collection)
        if found is None:
            raise NotFoundError(f"There is no collection {collection!r}.")
        return found

    def _lookup(self, collection: str, columns: str, photo_ids: Sequence[str]) -> Rows:
        if not photo_ids:
            return ()
        # `photo_id` is the sorting key, so it may be looked at before the rows of an id are merged.
        return self._session.rows(
            f"SELECT photo_id, {columns} FROM `{check_name(collection)}` FINAL"  # noqa: S608
            f" PREWHERE photo_id IN {{photo_ids:Array(String)}} WHERE {self._dialect.visible}",
            {"photo_ids": list(photo_ids)},
        )

    def _tables(self, name: str) -> list[tuple[str, dict[str, Any]]]:
        """The table of that name, or all if it is empty, with its comment; tables of another kind are not ours."""
        known = [(table, _read_comment(comment)) for table, comment in self._session.rows(_LIST_TABLES, {"name": name})]
        return [(table, facts) for table, facts in known if facts is not None]


@dataclass(frozen=True, slots=True)
class _Ensured:
    """A collection as it was found, believed until then (of time.monotonic)."""

    collection: Collection
    believed_until: float


def _out_of_the_way(count: int, dimension: int) -> NDArray[np.float32]:
    """Vectors for tombstones, since the table asks every row for one of its length, with a direction.

    In many dimensions a random direction is nearly at right angles to any other, and photos are nearer than that to
    each other and to texts: so tombstones are no index's candidates, and form no clump in its graph.
    """
    drawn = np.random.default_rng().standard_normal((count, dimension), np.float32)
    unit: NDArray[np.float32] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def _collection(table: str, facts: Mapping[str, Any]) -> Collection:
    if facts["schema"] > _SCHEMA:
        raise NewerSchemaError(
            f"Collection {table!r} was made by a newer Lichtbild (schema {facts['schema']}; this one knows {_SCHEMA}). "
            "Update this process, or use another collection."
        )
    return Collection(table, facts["model"], facts["dimension"])


def _read_comment(comment: str) -> dict[str, Any] | None:
    try:
        facts = json.loads(comment)
    except ValueError:
        return None
    return facts if isinstance(facts, dict) and facts.get("kind") == _COMMENT_KIND else None


def _photo(photo_id: str, url: str, attributes: str, embedding: Sequence[float] | None = None) -> Photo:
    vector = None if embedding is None else np.asarray(embedding, np.float32)
    return Photo(photo_id, url, json.loads(attributes), vector)
