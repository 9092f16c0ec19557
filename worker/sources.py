"""Where the bytes of an item come from: its URL, or the spool of uploads."""

from collections.abc import Iterable
from dataclasses import dataclass

from PIL import Image

from shared.errors import ItemError, UnavailableError
from shared.items import Item
from shared.settings import Settings
from shared.spool import Spool, is_upload
from shared.thumbnails import Thumbnails, thumbnail_url
from worker.fetcher import Fetcher
from worker.thumbnails import thumbnail


@dataclass(frozen=True)
class _Uploads:
    spool: Spool
    thumbnails: Thumbnails


class Sources:
    """Thread-safe."""

    def __init__(self, settings: Settings, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        spool, thumbnails = Spool.of(settings), Thumbnails.of(settings)
        self._uploads = _Uploads(spool, thumbnails) if spool and thumbnails else None

    def read(self, item: Item) -> bytes:
        """The item's bytes. Raises ItemError, and UnavailableError for a fault of our own parts."""
        if not is_upload(item.url):
            return self._fetcher.fetch(item.url)
        content = self._here().spool.read(item.url)
        if content is None:
            raise ItemError("upload_gone", "The uploaded bytes are no longer kept; send the picture again.")
        return content

    def stored_url(self, item: Item, collection: str, content_hash: bytes, picture: Image.Image) -> str:
        """The URL to store with the photo: its own, or for an upload that of a thumbnail, which is there from now on.

        `content_hash` is that of the item's bytes, `picture` what they decode to.
        """
        if not is_upload(item.url):
            return item.url
        self._here().thumbnails.save(collection, item.id, content_hash, thumbnail(picture))
        return thumbnail_url(collection, item.id, content_hash)

    def forget(self, items: Iterable[Item]) -> None:
        """Let go of the bytes of items that are settled."""
        addresses = [item.url for item in items if is_upload(item.url)]
        if addresses:
            self._here().spool.remove(addresses)

    def _here(self) -> _Uploads:
        if self._uploads is None:
            raise UnavailableError("This worker does not see the uploads: set LICHTBILD_UPLOADS_FOLDER as for the API.")
        return self._uploads
