"""The catalogue in SQL, for every engine with ClickHouse's protocol; dialects hold the differences."""

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np
from cachetools import TTLCache
from numpy.typing import NDArray

from shared.catalogue import schema, vector_search
from shared.catalogue.attributes import count_attributes
from shared.catalogue.dialect import Dialect, VectorQuery
from shared.catalogue.interface import (
    NO_INDEX,
    Collection,
    CollectionState,
    Hit,
    Index,
    Known,
    Photo,
    Picture,
    Row,
    Vector,
    check_model,
    unit_vector,
)
from shared.catalogue.schema import COLUMNS, PICTURE
from shared.catalogue.session import Session
from shared.catalogue.table import Table
from shared.domain.attribute_counts import CollectionAttributes
from shared.domain.collection_name import check_name
from shared.domain.filters import Condition
from shared.domain.items import id_forms
from shared.errors import ModelMismatchError, NotFoundError, UnavailableError

log = logging.getLogger(__name__)

_LIST_TABLES = (
    "SELECT name, comment, position(create_table_query, '`thumbnail` String') > 0 FROM system.tables"
    " WHERE database = currentDatabase() AND ({name:String} = '' OR name = {name:String}) ORDER BY name"
)
# Collections whose photos are counted by one statement: 60 kB of SQL.
_COUNTED_TOGETHER = 500
# Seconds for which an existing collection is cached. If it is dropped meanwhile, `write` creates it again.
_CACHE_TTL = 5.0


class SqlCatalogue:
    """One ReplacingMergeTree per collection: the row with the highest version of an id is the photo, or its tombstone.

    The model's name and dimension are in the table's comment, which is written by the same statement that creates the
    table: if two workers with different models create it at the same time, one wins and the other is refused.
    """

    def __init__(self, session: Session, detect: Callable[[Session], Dialect]) -> None:
        self._session = session
        self._detect = detect
        self._lock = threading.Lock()
        self._ensured: TTLCache[str, Collection] = TTLCache(1024, _CACHE_TTL)
        # The last results of `ensure`, of any age: `write` creates a dropped table from them.
        self._last_ensured: dict[str, Collection] = {}
        # Those that had the columns for pictures when they were last ensured.
        self._with_pictures: set[str] = set()

    @cached_property
    def _dialect(self) -> Dialect:
        """Detected by the first statement that needs it: until then the server may be away."""
        return self._detect(self._session)

    def ping(self) -> None:
        self._session.rows("SELECT 1")

    def ensure(self, collection: str, model: str, dimension: int) -> None:
        with self._lock:
            ensured = self._ensured.get(collection)
        if ensured is not None:
            check_model(ensured, model, dimension)
            return
        found = self.describe(collection)
        # CREATE only if it is missing: a worker's user may lack the right.
        if found is None:
            self._dialect.prepare(self._session)
            comment = schema.write_comment(model, dimension)
            self._session.command(self._dialect.create_table(collection, dimension, comment))
            found = self.describe(collection)
        if found is None:
            raise ModelMismatchError(f"The table {collection!r} is of another kind; use another collection.")
        check_model(found, model, dimension)
        self._ensure_pictures(collection)
        with self._lock:
            self._ensured[collection] = self._last_ensured[collection] = found

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
            [row.picture.width for row in rows],
            [row.picture.height for row in rows],
            [row.picture.thumbnail for row in rows],
        ]
        try:
            self._insert(collection, columns)
        except NotFoundError:
            self._create_again(collection)
            self._insert(collection, columns)

    def delete(self, collection: str, versions: Mapping[str, int]) -> None:
        if not versions:
            return
        count = len(versions)
        vectors = _tombstone_vectors(count, self._existing(collection).dimension)
        empty = [""] * count
        columns = [list(versions), empty, vectors, empty, ["{}"] * count, list(versions.values()), [1] * count]
        self._insert(collection, cast(list[Sequence[Any]], columns))

    def drop(self, collection: str) -> None:
        self._table(collection).drop(self._dialect.drop_settings)
        with self._lock:
            self._ensured.pop(collection, None)
            self._last_ensured.pop(collection, None)

    def ids(self, collection: str, after: str, limit: int) -> list[str]:
        return self._table(collection).ids(after, limit)

    def known(self, collection: str, photo_ids: Sequence[str]) -> dict[str, Known]:
        columns = f"photo_image_url, content_hash, attributes, version, {PICTURE}"
        return {
            photo_id: Known(url, bytes.fromhex(content_hash), json.loads(attributes), version, Picture(*picture))
            for photo_id, url, content_hash, attributes, version, *picture in self._table(collection).lookup(
                columns, photo_ids
            )
        }

    def embeddings(self, collection: str, photo_ids: Sequence[str]) -> dict[str, Vector]:
        found = self._table(collection).lookup("photo_embed", photo_ids)
        return {photo_id: np.asarray(embedding, np.float32) for photo_id, embedding in found}

    def search(
        self, collection: str, vector: Vector, top_k: int, where: Condition | None = None, exact: bool = False
    ) -> list[Hit]:
        query = VectorQuery(unit_vector(vector), top_k, where, exact)
        found = vector_search.search(self._dialect, self._table(collection), query)
        return [
            # Rounding may make the distance of equal vectors negative.
            Hit(
                _photo(photo_id, url, attributes, picture), max(0.0, float(distance)), np.asarray(embedding, np.float32)
            )
            for photo_id, url, attributes, embedding, distance, *picture in found
        ]

    def get(self, collection: str, photo_id: str) -> Photo | None:
        forms = id_forms(photo_id)
        rows = self._table(collection).lookup(f"photo_image_url, attributes, photo_embed, {PICTURE}", forms)
        for found_id, url, attributes, embedding, *picture in sorted(rows, key=lambda row: forms.index(row[0])):
            return _photo(found_id, url, attributes, picture, embedding)
        return None

    def random(self, collection: str) -> Photo | None:
        return next(iter(self.random_photos(collection, 1)), None)

    def random_photos(self, collection: str, count: int) -> list[Photo]:
        found = self._table(collection).random(count)
        return [_photo(photo_id, url, attributes, picture) for photo_id, url, attributes, *picture in found]

    def count(self, collection: str) -> int:
        return self._table(collection).count()

    def attributes(self, collection: str, where: Condition | None = None) -> CollectionAttributes:
        return count_attributes(self._table(collection), where)

    def describe(self, collection: str) -> Collection | None:
        for name, facts, _ in self._list(check_name(collection)):
            return schema.collection(name, facts)
        return None

    def collections(self) -> list[Collection]:
        return [schema.collection(name, facts) for name, facts, _ in self._list("") if not schema.is_newer(facts)]

    def states(self) -> list[CollectionState]:
        collections = self.collections()
        names = [collection.name for collection in collections]
        photos = self._counts(names)
        indexes = self._dialect.indexes(self._session, names)
        return [
            CollectionState(collection, photos[collection.name], indexes.get(collection.name, NO_INDEX))
            for collection in collections
        ]

    def build_index(self, collection: str) -> None:
        dimension = self._existing(collection).dimension
        self._dialect.build_index(self._table(collection), dimension)

    def drop_index(self, collection: str) -> None:
        self._existing(collection)
        self._dialect.drop_index(self._table(collection))

    def index(self, collection: str) -> Index:
        return self._dialect.indexes(self._session, [check_name(collection)]).get(collection, NO_INDEX)

    def unindexed_parts(self, collection: str) -> int:
        return self._dialect.unindexed_parts(self._table(collection))

    def _table(self, collection: str) -> Table:
        return Table(self._session, check_name(collection), self._dialect.visible, self._dialect.vectors)

    def _counts(self, names: Sequence[str]) -> dict[str, int]:
        """The numbers of photos of these collections."""
        counts: dict[str, int] = {}
        for start in range(0, len(names), _COUNTED_TOGETHER):
            group = names[start : start + _COUNTED_TOGETHER]
            found = self._session.rows(" UNION ALL ".join(self._table(name).named_count for name in group))
            # None if one was dropped meanwhile: a statement that names a missing table has no rows.
            counts |= (
                {name: int(count) for name, count in found} if found else {name: self.count(name) for name in group}
            )
        return counts

    def _insert(self, collection: str, columns: Sequence[Sequence[Any]]) -> None:
        """Insert columns; those of pictures only if the table has them."""
        pictures = len(columns) > len(COLUMNS) and collection in self._with_pictures
        columns = columns if pictures else columns[: len(COLUMNS)]
        self._table(collection).insert(columns, self._dialect.insert_settings, pictures=pictures)

    def _ensure_pictures(self, collection: str) -> None:
        """Add the columns for pictures if they are missing. A user without that right writes rows without them."""
        for _, _, has_pictures in self._list(collection):
            if not has_pictures:
                try:
                    self._session.command(schema.add_picture_columns(collection))
                except UnavailableError as error:
                    log.warning("Collection %s stores no sizes and thumbnails of pictures: %s", collection, error)
                    self._with_pictures.discard(collection)
                    return
            self._with_pictures.add(collection)

    def _create_again(self, collection: str) -> None:
        """Create a table that was dropped after `ensure`: its photos are gone, but the rows being written are not."""
        with self._lock:
            self._ensured.pop(collection, None)
            ensured = self._last_ensured.pop(collection, None)
        if ensured is None:
            raise UnavailableError(f"There is no collection {collection!r} to write to.")
        log.warning("The table %s was dropped. Creating it again.", collection)
        self.ensure(collection, ensured.model, ensured.dimension)

    def _existing(self, collection: str) -> Collection:
        found = self.describe(collection)
        if found is None:
            raise NotFoundError(f"There is no collection {collection!r}.")
        return found

    def _list(self, name: str) -> list[tuple[str, dict[str, Any], bool]]:
        """The collection's table, or all collections' if the name is empty, with the facts in the comment, and whether
        it has columns for pictures."""
        found = self._session.rows(_LIST_TABLES, {"name": name})
        tables = [(table, schema.read_comment(comment), bool(has)) for table, comment, has in found]
        return [(table, facts, has_pictures) for table, facts, has_pictures in tables if facts is not None]


def _tombstone_vectors(count: int, dimension: int) -> NDArray[np.float32]:
    """Random unit vectors, since the table's constraint requires a vector in every row.

    In many dimensions a random vector is nearly orthogonal to any other, and photos are nearer than that to each other
    and to texts. So tombstones are hardly ever candidates, and form no cluster in the graph of the index.
    """
    drawn = np.random.default_rng().standard_normal((count, dimension), np.float32)
    unit: NDArray[np.float32] = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    return unit


def _photo(
    photo_id: str, url: str, attributes: str, picture: Sequence[Any], embedding: Sequence[float] | None = None
) -> Photo:
    vector = None if embedding is None else np.asarray(embedding, np.float32)
    return Photo(photo_id, url, json.loads(attributes), vector, Picture(*picture))
