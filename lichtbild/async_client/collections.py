"""The asynchronous client's collections, their indexes, and the readiness of the stack."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lichtbild.async_client.running import AsyncRunning
from lichtbild.core import collections
from lichtbild.core.calls import DEFAULT_COLLECTION
from lichtbild.models import Attributes, Collection, Job, Readiness


class AsyncCollectionMethods(AsyncRunning):
    """Reads collections and changes their indexes."""

    async def collection(self, name: str = DEFAULT_COLLECTION) -> Collection:
        """As `Client.collection`."""
        return await self._run(collections.collection(self._calls, name))

    async def collections(self) -> list[Collection]:
        """As `Client.collections`."""
        return await self._run(collections.collections(self._calls))

    async def attributes(
        self,
        collection: str = DEFAULT_COLLECTION,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
    ) -> Attributes:
        """As `Client.attributes`."""
        return await self._run(collections.attributes(self._calls, collection, filter))

    async def build_index(self, collection: str = DEFAULT_COLLECTION) -> Job:
        """As `Client.build_index`."""
        return await self._run(collections.change_index(self._calls, collection, "POST"))

    async def drop_index(self, collection: str = DEFAULT_COLLECTION) -> Job:
        """As `Client.drop_index`."""
        return await self._run(collections.change_index(self._calls, collection, "DELETE"))

    async def delete_collection(self, name: str) -> Job:
        """As `Client.delete_collection`."""
        return await self._run(collections.delete(self._calls, name))

    async def health(self) -> None:
        """As `Client.health`."""
        await self._run(collections.health(self._calls))

    async def ready(self) -> Readiness:
        """As `Client.ready`."""
        return await self._run(collections.ready(self._calls))
