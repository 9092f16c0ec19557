"""The interface of a catalogue, independent of its engine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.domain.attribute_counts import CollectionAttributes
from shared.domain.filters import Condition
from shared.errors import ModelMismatchError

Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture's size in pixels, 0 if unknown, and its thumbnail's address, '' if it has none.

    The address is relative to the API's.
    """

    width: int = 0
    height: int = 0
    thumbnail: str = ""


UNKNOWN = Picture()


@dataclass(frozen=True, slots=True)
class Row:
    """One photo to write. `embedding` is a float32 unit vector; a higher `version` replaces a lower one."""

    photo_id: str
    url: str
    embedding: Vector
    content_hash: bytes
    attributes: Mapping[str, Any]
    version: int
    picture: Picture = UNKNOWN


@dataclass(frozen=True, slots=True)
class Photo:
    """One stored photo."""

    photo_id: str
    url: str
    attributes: Mapping[str, Any]
    embedding: Vector | None = None
    picture: Picture = UNKNOWN


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored under an id, without its vector."""

    url: str
    content_hash: bytes
    attributes: Mapping[str, Any]
    version: int
    picture: Picture = UNKNOWN


@dataclass(frozen=True, slots=True)
class Hit:
    """One found photo, its cosine distance (0 is identical, 2 is opposite) and its vector."""

    photo: Photo
    distance: float
    embedding: Vector


@dataclass(frozen=True, slots=True)
class Collection:
    """A table of photos of one model."""

    name: str
    model: str
    dimension: int


@dataclass(frozen=True, slots=True)
class Index:
    """A collection's vector index. `reason` is the server's, if a part of the build failed.

    `rows` is the number of stored rows that it covers; the others are scanned. On MyScale it is an estimate.
    """

    type: str | None
    status: Literal["none", "building", "built", "error"]
    reason: str | None
    rows: int


NO_INDEX = Index(None, "none", None, 0)


@dataclass(frozen=True, slots=True)
class CollectionState:
    """A collection with its number of photos and the state of its index."""

    collection: Collection
    photos: int
    index: Index


class Catalogue(Protocol):
    """Thread-safe. Raises UnavailableError if the server is unreachable or rejects a statement."""

    def ping(self) -> None:
        """Run an empty statement."""

    def ensure(self, collection: str, model: str, dimension: int) -> None:
        """Create the collection if it does not exist. Raises ModelMismatchError if it contains another model's vectors,
        ConfigurationError if the server's searches would be wrong, and NewerSchemaError as `describe` does.

        Adds the columns for pictures to a collection that an older Lichtbild created, if the user may: without them,
        pictures are not stored."""

    def write(self, collection: str, rows: Sequence[Row]) -> None:
        """Write rows. Searches find them once it returns. Idempotent."""

    def delete(self, collection: str, versions: Mapping[str, int]) -> None:
        """Delete photos as of a version each. No search finds them once it returns. Rows of a lower version that are
        written later stay hidden, rows of a higher version are found. Unknown ids are no error."""

    def drop(self, collection: str) -> None:
        """Delete a collection with all of its photos. A collection that does not exist is no error."""

    def ids(self, collection: str, after: str, limit: int) -> list[str]:
        """Up to `limit` stored ids that sort after `after`, in their order."""

    def known(self, collection: str, photo_ids: Sequence[str]) -> dict[str, Known]:
        """What is stored under these ids; ids that are not stored are left out."""

    def embeddings(self, collection: str, photo_ids: Sequence[str]) -> dict[str, Vector]:
        """The vectors stored under these ids; ids that are not stored are left out."""

    def search(
        self, collection: str, vector: Vector, top_k: int, where: Condition | None = None, exact: bool = False
    ) -> list[Hit]:
        """The `top_k` nearest photos by cosine distance, nearest first, that match the condition; fewer only if fewer
        match. `exact` bypasses the index. Raises ValueError for a vector that is zero or not finite."""

    def get(self, collection: str, photo_id: str) -> Photo | None:
        """One photo with its embedding, or None. An id is found in either of its `id_forms`, form C first."""

    def random(self, collection: str) -> Photo | None:
        """A random photo without its embedding; None if the collection is empty."""

    def random_photos(self, collection: str, count: int) -> list[Photo]:
        """Different random photos without their embeddings, in random order; all photos if there are fewer."""

    def count(self, collection: str) -> int:
        """The number of photos."""

    def attributes(self, collection: str, where: Condition | None = None) -> CollectionAttributes:
        """The attributes of the photos that match the condition, counted in a sample where the collection is large."""

    def describe(self, collection: str) -> Collection | None:
        """The collection's model and dimension, or None. Raises NewerSchemaError if a newer Lichtbild created it."""

    def collections(self) -> list[Collection]:
        """All collections by name, except those that a newer Lichtbild created."""

    def states(self) -> list[CollectionState]:
        """The collections of `collections`, in three statements for the first 500 and one more for each further 500."""

    def build_index(self, collection: str) -> None:
        """Start to build the vector index, or to cover rows that came later, and return; searches and writes continue
        meanwhile. Raises NotFoundError if there is no collection, and ConfigurationError if the server does not support
        the configured type of index."""

    def drop_index(self, collection: str) -> None:
        """Drop the vector index if there is one. Raises NotFoundError if there is no collection."""

    def index(self, collection: str) -> Index:
        """The state of the vector index; `none` also if there is no collection.

        `error` is not final: servers continue with the other parts, and retry. See `unindexed_parts`."""

    def unindexed_parts(self, collection: str) -> int:
        """The number of the table's parts that a build still has to index: it falls while a build makes progress."""


def check_model(found: Collection, model: str, dimension: int) -> None:
    """Raise ModelMismatchError if a worker with this model must not write to the collection."""
    if (found.model, found.dimension) != (model, dimension):
        raise ModelMismatchError(
            f"Collection {found.name!r} contains vectors of {found.model} ({found.dimension} dimensions), but this "
            f"worker runs {model} ({dimension}). Set LICHTBILD_MODEL to the collection's model, or use another "
            "collection."
        )


def unit_vector(vector: Vector) -> Vector:
    """The query vector at length 1. Raises ValueError if it has no direction: NaN, infinite or zero."""
    length = float(np.linalg.norm(vector.astype(np.float64)))
    if not np.isfinite(length) or not length > 0:
        raise ValueError("The query vector must be finite and not zero.")
    return (vector / length).astype(np.float32)
