"""Where the bytes of an item come from: its URL, or the spool of uploads."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from PIL import Image

from shared.catalogue.interface import Picture
from shared.domain.items import Item
from shared.errors import ItemError, UnavailableError
from shared.settings import Settings
from shared.uploads.spool import Spool, is_upload
from shared.uploads.thumbnails import Thumbnails, thumbnail_url
from worker.fetch.fetcher import Download, Fetcher
from worker.images.decoder import whole_size
from worker.images.thumbnail import SIDE, thumbnail

Result = TypeVar("Result")


@dataclass(frozen=True)
class _Uploads:
    spool: Spool
    thumbnails: Thumbnails


class ImageSources:
    """Thread-safe. URLs are read in the fetcher's threads, uploads in those of `pool`."""

    def __init__(self, settings: Settings, fetcher: Fetcher, pool: ThreadPoolExecutor) -> None:
        self._fetcher = fetcher
        self._pool = pool
        self._thumbnails_of = settings.thumbnails
        spool, thumbnails = Spool.from_settings(settings), Thumbnails.from_settings(settings)
        self._uploads = _Uploads(spool, thumbnails) if spool and thumbnails else None

    def submit(self, item: Item, on_downloaded: Callable[[Download], Result]) -> "Future[Result]":
        """Queue the reading of an item's bytes. The thread that read them calls `on_downloaded`; the future's result is
        what that returns.

        The future fails with ItemError, or with UnavailableError if the worker is stopping or has no uploads folder.
        """
        if not is_upload(item.url):
            return self._fetcher.submit(item.url, on_downloaded)
        return self._pool.submit(lambda: on_downloaded(self._read_upload(item)))

    def _read_upload(self, item: Item) -> Download:
        started = time.perf_counter()
        content = self._require_uploads().spool.read(item.url)
        if content is None:
            raise ItemError("upload_gone", "The uploaded bytes are no longer kept; upload the image again.")
        return Download(content, time.perf_counter() - started)

    def shortest(self, item: Item, for_model: int | None) -> int | None:
        """The pixels that the picture's shorter side must keep when it is decoded at reduced size: `for_model`, or more
        for a thumbnail. None: decode at full size."""
        return max(for_model, SIDE) if for_model is not None and self.has_thumbnail(item) else for_model

    def has_thumbnail(self, item: Item) -> bool:
        """Whether the item's photo gets a thumbnail."""
        return self._thumbnails_of == "all" or (self._thumbnails_of == "uploads" and is_upload(item.url))

    def url(self, item: Item, collection: str, content_hash: bytes) -> str:
        """The URL to store with the photo; an upload without a thumbnail has none."""
        if is_upload(item.url) and not self.has_thumbnail(item):
            return ""
        return stored_url(item, collection, content_hash)

    def keep_thumbnail(self, item: Item, collection: str, content_hash: bytes, picture: Image.Image) -> Picture:
        """Save the thumbnail, if the item gets one: its address can be fetched from now on. Return what to store."""
        width, height = whole_size(picture)
        if not self.has_thumbnail(item):
            return Picture(width, height)
        self._require_uploads().thumbnails.save(
            collection, item.id, content_hash, thumbnail(picture), is_durable=is_upload(item.url)
        )
        return Picture(width, height, thumbnail_url(collection, item.id, content_hash))

    def forget(self, items: Iterable[Item]) -> None:
        """Delete the uploaded bytes of settled items."""
        addresses = [item.url for item in items if is_upload(item.url)]
        if addresses:
            self._require_uploads().spool.remove(addresses)

    def _require_uploads(self) -> _Uploads:
        if self._uploads is None:
            raise UnavailableError("This worker has no uploads folder: set LICHTBILD_UPLOADS_FOLDER as for the API.")
        return self._uploads


def stored_url(item: Item, collection: str, content_hash: bytes) -> str:
    """The URL to store with the photo: the item's own, or for an upload that of its thumbnail.

    `content_hash` is the SHA-256 of the item's bytes.
    """
    return thumbnail_url(collection, item.id, content_hash) if is_upload(item.url) else item.url
