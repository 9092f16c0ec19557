"""The client's stored photos."""

from __future__ import annotations

from collections.abc import Mapping

from lichtbild.client.running import Running
from lichtbild.core import photos
from lichtbild.core.calls import DEFAULT_COLLECTION
from lichtbild.models import KnownPhoto, Photo


class PhotoMethods(Running):
    """Reads and deletes stored photos."""

    def photo(self, photo_id: str, collection: str = DEFAULT_COLLECTION, *, embedding: bool = False) -> Photo:
        """The stored photo with this id, on request with its embedding."""
        return self._run(photos.photo(self._calls, photo_id, collection, embedding))

    def known_photos(self, hashes: Mapping[str, str], collection: str = DEFAULT_COLLECTION) -> list[KnownPhoto]:
        """Those of the photos that are stored. `hashes` are the SHA-256 of the images' bytes in hexadecimal, by id."""
        return self._run(photos.known_photos(self._calls, hashes, collection))

    def random_photo(self, collection: str = DEFAULT_COLLECTION) -> Photo:
        """A random stored photo."""
        return self._run(photos.random_photo(self._calls, collection))

    def delete_photo(self, photo_id: str, collection: str = DEFAULT_COLLECTION, timeout: float | None = None) -> None:
        """Delete a photo; return once no search finds it and no earlier submission can restore it.

        An unknown id is no error, an unknown collection is (ApiError). Also raises JobFailed, and StillRunning after
        `timeout` seconds.
        """
        self._run(photos.delete_photo(self._calls, photo_id, collection, timeout))
