"""Pictures to upload: what a folder holds, cut into windows, each of which is one request and one job."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"})
# A window is held in memory and sent again whole if the connection breaks; the API's spool has room for many.
WINDOW_COUNT = 64
WINDOW_BYTES = 32 * 2**20

# The API's own rule for ids: no control characters, no halves of surrogate pairs, which names that are not UTF-8 have.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_MAX_ID_BYTES = 256

Upload = Path | str | tuple[str, bytes] | tuple[str, Path]


@dataclass(frozen=True)
class Picture:
    """One picture, by its id; its bytes, or the file that has them."""

    id: str
    content: bytes | Path

    @classmethod
    def of(cls, upload: Upload) -> Picture:
        """From a path, which is the id too, or from `(id, bytes)` or `(id, path)`."""
        if isinstance(upload, tuple):
            return cls(*upload)
        path = Path(upload)
        return cls(path.as_posix(), path)

    def loaded(self) -> Picture:
        """The same with its bytes at hand. Raises OSError."""
        return Picture(self.id, self.read())

    def size(self) -> int:
        """In bytes. Raises OSError."""
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)

    def read(self) -> bytes:
        """Raises OSError."""
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content


@dataclass(frozen=True)
class Window:
    """Pictures that are sent together, under one key: repeating it makes no second job."""

    pictures: tuple[Picture, ...]
    key: str

    @classmethod
    def of(cls, pictures: Iterable[Picture]) -> Window:
        return cls(tuple(pictures), secrets.token_hex(16))

    def halves(self) -> list[Window]:
        """Two windows of half as many each."""
        middle = len(self.pictures) // 2
        return [Window.of(self.pictures[:middle]), Window.of(self.pictures[middle:])]

    def body(self) -> tuple[bytes, str]:
        """The request's body and its Content-Type. Raises OSError."""
        boundary = secrets.token_hex(16)
        pieces: list[bytes] = []
        for picture in self.pictures:
            # Percent-encoded (RFC 5987), since there is no one way to put quotes and backslashes into the plain form.
            name = quote(picture.id, safe="")
            head = f"--{boundary}\r\nContent-Disposition: form-data; name=\"images\"; filename*=utf-8''{name}\r\n\r\n"
            pieces += [head.encode(), picture.read(), b"\r\n"]
        pieces.append(f"--{boundary}--\r\n".encode())
        return b"".join(pieces), f"multipart/form-data; boundary={boundary}"


def pictures_in(folder: Path) -> list[Picture]:
    """All pictures below a folder by their suffix, in the order of their ids, which are their paths from there.

    What is hidden is left out, and links are followed only to files that lie in the folder themselves.
    """
    root = folder.resolve()
    found: list[Picture] = []
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            file = Path(path, name)
            if file.suffix.lower() in SUFFIXES and not name.startswith(".") and _is_inside(file, root):
                found.append(Picture(file.relative_to(folder).as_posix(), file))
    return sorted(found, key=lambda picture: picture.id)


def windows(pictures: Iterable[Picture]) -> Iterator[Window]:
    """Windows of at most 64 pictures and 32 MB; a picture larger than that has one of its own. Raises OSError."""
    window: list[Picture] = []
    room = WINDOW_BYTES
    for picture in pictures:
        size = picture.size()
        if window and (len(window) == WINDOW_COUNT or size > room):
            yield Window.of(window)
            window, room = [], WINDOW_BYTES
        window.append(picture)
        room -= size
    if window:
        yield Window.of(window)


def id_problem(photo_id: str) -> str | None:
    """Why the API would not take an id, or None."""
    if _UNFIT.search(photo_id):
        return "its name is not UTF-8, or has control characters"
    if len(photo_id.encode()) > _MAX_ID_BYTES:
        return f"its path is longer than {_MAX_ID_BYTES} bytes"
    return None


def _is_inside(file: Path, root: Path) -> bool:
    """An ordinary file within the folder, also at the end of a link."""
    try:
        return file.is_file() and file.resolve().is_relative_to(root)
    except (OSError, RuntimeError):
        # A link that leads in a circle.
        return False
