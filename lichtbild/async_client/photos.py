"""The asynchronous client's stored photos."""

from __future__ import annotations

from collections.abc import Mapping

from lichtbild.async_client.running import AsyncRunning
from lichtbild.core import photos
from lichtbild.core.calls import DEFAULT_COLLECTION
from lichtbild.models import KnownPhoto, Photo


class AsyncPhotoMethods(AsyncRunning):
    """Reads and deletes stored photos."""

    async def photo(self, photo_id: str, collection: str = DEFAULT_COLLECTION, *, embedding: bool = False) -> Photo:
        """As `Client.photo`."""
        return await self._run(photos.photo(self._calls, photo_id, collection, embedding))

    async def known_photos(self, hashes: Mapping[str, str], collection: str = DEFAULT_COLLECTION) -> list[KnownPhoto]:
        """As `Client.known_photos`."""
        return await self._run(photos.known_photos(self._calls, hashes, collection))

    async def random_photo(self, collection: str = DEFAULT_COLLECTION) -> Photo:
        """As `Client.random_photo`."""
        return await self._run(photos.random_photo(self._calls, collection))

    async def delete_photo(
        self, photo_id: str, collection: str = DEFAULT_COLLECTION, timeout: float | None = None
    ) -> None:
        """As `Client.delete_photo`."""
        await self._run(photos.delete_photo(self._calls, photo_id, collection, timeout))
