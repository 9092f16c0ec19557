"""What one engine says differently from another. All else is in `table.py`."""

from collections.abc import Mapping
from typing import Any, Protocol

from shared.catalogue.interface import Index
from shared.catalogue.session import Rows, Session
from shared.catalogue.vector_search import Nearest


class Dialect(Protocol):
    """Made for one server. Names of collections are checked before they come here."""

    visible: str
    """A condition that hides tombstones from `FROM table FINAL`: `1` where the engine hides them itself."""

    insert_settings: Mapping[str, Any]
    """Settings of every insert."""

    def prepare(self, session: Session) -> None:
        """Called before a collection is created: raise ConfigurationError if the server would search wrongly."""

    def create_table(self, collection: str, dimension: int, comment: str) -> str:
        """The statement that creates a collection unless it exists; `comment` is unquoted text."""

    def search(self, session: Session, collection: str, wanted: Nearest) -> Rows:
        """The nearest, nearest first: photo_id, photo_image_url, attributes, photo_embed, cosine distance."""

    def build_index(self, session: Session, collection: str, dimension: int) -> None:
        """Begin to index what has no index yet, and return."""

    def drop_index(self, session: Session, collection: str) -> None:
        """Drop the index; nothing to do where there is none."""

    def index(self, session: Session, collection: str) -> Index:
        """What is there of the index."""
