"""What a catalogue can do, whatever engine keeps it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from shared.domain.filters import Condition
from shared.errors import InvalidRequestError, ModelMismatchError

Vector = NDArray[np.float32]

DEFAULT_COLLECTION = "photos"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@dataclass(frozen=True, slots=True)
class Row:
    """One photo to write. `embedding` is a float32 unit vector; a higher `version` replaces a lower one."""

    photo_id: str
    url: str
    embedding: Vector
    content_hash: bytes
    attributes: Mapping[str, Any]
    version: int


@dataclass(frozen=True, slots=True)
class Photo:
    """One stored photo."""

    photo_id: str
    url: str
    attributes: Mapping[str, Any]
    embedding: Vector | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What a collection holds under an id, without its vector."""

    url: str
    content_hash: bytes
    attributes: Mapping[str, Any]
    version: int


@dataclass(frozen=True, slots=True)
class Hit:
    """One found photo, its cosine distance (0 is identical, 2 opposite) and its vector."""

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
    """A collection's vector index: its type, and why it is not there if it failed.

    `rows` says how many of the stored rows it covers by now; all others are scanned.
    """

    type: str | None
    status: Literal["none", "building", "built", "error"]
    reason: str | None
    rows: int


class Catalogue(Protocol):
    """Thread-safe. Raises UnavailableError when the server is away or refuses for now."""

    def ping(self) -> None: ...

    def ensure(self, collection: str, model: str, dimension: int) -> None:
        """Create the collection on first use; raise ModelMismatchError if it holds another model's vectors,
        ConfigurationError if the server cannot serve, and NewerSchemaError as `describe` does."""

    def write(self, collection: str, rows: Sequence[Row]) -> None:
        """Write rows; when it returns they are found by searches. Repeating it changes nothing."""

    def delete(self, collection: str, versions: Mapping[str, int]) -> None:
        """Delete photos, each as of a version; when it returns no search finds them. Rows of a lower version that are
        written later stay hidden, those of a higher one are found. An id that is not there is no error."""

    def known(self, collection: str, photo_ids: Sequence[str]) -> dict[str, Known]:
        """What is held under these ids; those that are not there are left out."""

    def embeddings(self, collection: str, photo_ids: Sequence[str]) -> dict[str, Vector]:
        """The vectors held under these ids; those that are not there are left out."""

    def search(
        self, collection: str, vector: Vector, top_k: int, where: Condition | None = None, exact: bool = False
    ) -> list[Hit]:
        """The `top_k` nearest by cosine distance, nearest first, among those that match the condition; never fewer
        while so many match. `exact` leaves the index aside, if there is one."""

    def get(self, collection: str, photo_id: str) -> Photo | None:
        """One photo with its embedding, or None."""

    def random(self, collection: str) -> Photo | None:
        """Any one photo without its embedding, or None if there are none."""

    def count(self, collection: str) -> int:
        """How many photos there are."""

    def describe(self, collection: str) -> Collection | None:
        """The collection's model and dimension, or None. Raises NewerSchemaError if a newer Lichtbild made it."""

    def collections(self) -> list[Collection]:
        """All collections, by name, but for those that a newer Lichtbild made."""

    def build_index(self, collection: str) -> None:
        """Begin to build the vector index, or to cover rows that came since, and return; searches and writes go on
        meanwhile. Raises NotFoundError if there is no collection, and ConfigurationError if the server has no index of
        the type that is set."""

    def drop_index(self, collection: str) -> None:
        """Drop the vector index. Nothing to do where there is none. Raises NotFoundError if there is no collection."""

    def index(self, collection: str) -> Index:
        """What is there of the vector index; `none` also where there is no collection."""


def check_name(collection: str) -> str:
    """Return a collection name that is safe as a table name; raise InvalidRequestError otherwise."""
    if not _NAME.fullmatch(collection):
        raise InvalidRequestError(
            "A collection name begins with a lower-case letter, then letters, digits and '_', 63 at most."
        )
    return collection


def check_model(found: Collection, model: str, dimension: int) -> None:
    """Raise ModelMismatchError if a worker with this model must not write to the collection."""
    if (found.model, found.dimension) != (model, dimension):
        raise ModelMismatchError(
            f"Collection {found.name!r} holds vectors of {found.model} ({found.dimension} dimensions), but this worker "
            f"runs {model} ({dimension}). Set LICHTBILD_MODEL to the collection's model, or use another collection."
        )


def check_vector(vector: Vector) -> Vector:
    """Return a query vector that has a direction; raise ValueError for NaN, infinite or zero vectors."""
    if not np.isfinite(vector).all() or not float(np.linalg.norm(vector)) > 0:
        raise ValueError("The query vector must be finite and not zero.")
    return vector
