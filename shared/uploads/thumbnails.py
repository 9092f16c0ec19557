"""Thumbnails of photos: their files, and the addresses under which the API serves them.

A thumbnail belongs to a photo id and a content hash. A replaced photo therefore never shows the old picture, in
whatever order workers finish. The address cannot be guessed from the id alone, which matters if the API requires keys,
because a page's <img> cannot send one.
"""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from shared.domain.collection_name import DEFAULT_COLLECTION
from shared.errors import ConfigurationError, UnavailableError
from shared.settings import Settings

ROUTE = "/thumbnails/"
# 128 bits of a SHA-256, in hexadecimal.
_MARK_LENGTH = 32
_MARK = re.compile(rf"[0-9a-f]{{{_MARK_LENGTH}}}")


class Thumbnails:
    """Safe between threads and processes: a file appears complete and never changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def from_settings(cls, settings: Settings) -> "Thumbnails | None":
        """The thumbnails in `settings.uploads_folder`, or None if that is empty.

        Raises ConfigurationError if all photos are to have thumbnails, and there is no folder for them.
        """
        if settings.thumbnails == "all" and not settings.uploads_folder:
            raise ConfigurationError(
                "LICHTBILD_THUMBNAILS=all needs LICHTBILD_UPLOADS_FOLDER, a folder that the API and the ingest workers "
                "share."
            )
        return cls(Path(settings.uploads_folder) / "thumbnails") if settings.uploads_folder else None

    def find(self, collection: str, photo_id: str, mark: str) -> Path | None:
        """The file of a photo's thumbnail by the `v` of its address, if there is one."""
        path = self._path(collection, photo_id, mark) if _MARK.fullmatch(mark) else None
        return path if path is not None and _is_stored(path) else None

    def save(
        self, collection: str, photo_id: str, content_hash: bytes, jpeg: bytes, *, is_durable: bool = True
    ) -> None:
        """Store a thumbnail unless it exists. Raises UnavailableError if it cannot be written.

        One that `is_durable` survives a power cut. Of another, which can be made again, the file may be empty
        afterwards, and counts as missing: to wait for the disk takes longer than the rest of an image.
        """
        path = self._path(collection, photo_id, _mark(content_hash))
        if _is_stored(path):
            return
        unfinished = path.with_suffix(f".{secrets.token_hex(8)}")
        try:
            self._make_folder(path.parent)
            with unfinished.open("xb", buffering=0) as file:
                file.write(jpeg)
                if is_durable:
                    os.fsync(file.fileno())
            unfinished.replace(path)
        except OSError as error:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            reason = error.strerror or type(error).__name__
            raise UnavailableError(f"The thumbnail of {photo_id!r} cannot be written: {reason}.") from error

    def remove(self, collection: str, photo_id: str) -> None:
        """Remove all thumbnails of a photo, for each content it had, when the photo is deleted. Repeatable.

        Raises UnavailableError if a file cannot be removed.
        """
        try:
            for path in self._all(collection, photo_id):
                path.unlink(missing_ok=True)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise UnavailableError(f"The thumbnail of {photo_id!r} cannot be removed: {reason}.") from error

    def _make_folder(self, folder: Path) -> None:
        if not folder.is_dir():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.mkdir(parents=True, exist_ok=True)

    def _all(self, collection: str, photo_id: str) -> Iterator[Path]:
        folder, name = self._place(collection, photo_id)
        return folder.glob(f"{name}-*")

    def _path(self, collection: str, photo_id: str, mark: str) -> Path:
        folder, name = self._place(collection, photo_id)
        return folder / f"{name}-{mark}.jpg"

    def _place(self, collection: str, photo_id: str) -> tuple[Path, str]:
        """File names are hashes, because ids come from clients. Folders of two characters keep each folder small."""
        digest = hashlib.sha256(f"{collection}\0{photo_id}".encode()).hexdigest()
        return self._folder / digest[:2] / digest[2:4], digest[4:44]


def thumbnail_url(collection: str, photo_id: str, content_hash: bytes) -> str:
    """The address of a photo's thumbnail, relative to the API's."""
    of = "" if collection == DEFAULT_COLLECTION else f"collection={collection}&"
    return f"{ROUTE}{quote(photo_id, safe='')}?{of}v={_mark(content_hash)}"


def thumbnail_of(url: str, stored: str) -> str | None:
    """The address of the thumbnail of a photo that is stored with this URL and thumbnail, or None. Rows of before have
    no thumbnail, but the URL of an upload is that of one."""
    return stored or (url if url.startswith(ROUTE) else None)


def _is_stored(path: Path) -> bool:
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _mark(content_hash: bytes) -> str:
    return content_hash.hex()[:_MARK_LENGTH]
