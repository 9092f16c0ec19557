"""The client's collections, their indexes, and the readiness of the stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lichtbild.client.running import Running
from lichtbild.core import collections
from lichtbild.core.calls import DEFAULT_COLLECTION
from lichtbild.models import Attributes, Collection, Job, Readiness


class CollectionMethods(Running):
    """Reads collections and changes their indexes."""

    def collection(self, name: str = DEFAULT_COLLECTION) -> Collection:
        """The collection with this name."""
        return self._run(collections.collection(self._calls, name))

    def collections(self) -> list[Collection]:
        """All collections."""
        return self._run(collections.collections(self._calls))

    def attributes(
        self,
        collection: str = DEFAULT_COLLECTION,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> Attributes:
        """The attributes of a collection's photos, from which filters can be built; with `filter`, only those of the
        photos that match it."""
        return self._run(collections.attributes(self._calls, collection, filter))

    def build_index(self, collection: str = DEFAULT_COLLECTION) -> Job:
        """Start building the collection's vector index, or extending it to newer photos; returns the job."""
        return self._run(collections.change_index(self._calls, collection, "POST"))

    def drop_index(self, collection: str = DEFAULT_COLLECTION) -> Job:
        """Start dropping the collection's vector index, which is then built only on request; returns the job."""
        return self._run(collections.change_index(self._calls, collection, "DELETE"))

    def delete_collection(self, name: str) -> Job:
        """Start deleting a collection with all of its photos, thumbnails and vectors; returns the job. Raises Conflict
        while an ingest into it is unfinished."""
        return self._run(collections.delete(self._calls, name))

    def health(self) -> None:
        """Return if Lichtbild's API answers, without retries. Raises Unreachable otherwise."""
        self._run(collections.health(self._calls))

    def ready(self) -> Readiness:
        """Whether jobs can be processed now, the live workers, and the backlog; without retries."""
        return self._run(collections.ready(self._calls))
