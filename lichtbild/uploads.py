"""Pictures to upload: found in a folder, and divided into windows, each one request and one job."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lichtbild.errors import InvalidItem

SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"})
# A window is held in memory and sent again if the connection breaks; the API's spool has room for many.
WINDOW_COUNT = 64
WINDOW_BYTES = 32 * 2**20

# The API's rule for ids: no control characters and no lone surrogates, which Python uses for names that are not UTF-8.
_INVALID = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_MAX_ID_BYTES = 256
_SHOWN_LENGTH = 60

Upload = Path | str | tuple[str, bytes] | tuple[str, Path | str]


@dataclass(frozen=True)
class Picture:
    """A picture with its id; `content` is its bytes or its file. `attributes` are JSON values."""

    id: str
    content: bytes | Path
    attributes: Mapping[str, Any] | None = field(default=None, compare=False)

    @classmethod
    def from_upload(cls, upload: Upload) -> Picture:
        """From a path, which is also the id, or from `(id, bytes)` or `(id, path)`. Raises InvalidItem."""
        match upload:
            case Path() | str():
                return cls(Path(upload).as_posix(), Path(upload))
            case (str(photo_id), bytes(content)):
                return cls(photo_id, content)
            case (str(photo_id), (Path() | str()) as path):
                return cls(photo_id, Path(path))
        raise InvalidItem(f"{_shortened(upload)} is no picture: give a path, (id, path) or (id, bytes).")

    def loaded(self) -> Picture:
        """The picture with its bytes read. Raises OSError."""
        return Picture(self.id, self.read(), self.attributes)

    def size(self) -> int:
        """The size in bytes. Raises OSError."""
        return self.content.stat().st_size if isinstance(self.content, Path) else len(self.content)

    def read(self) -> bytes:
        """The bytes. Raises OSError."""
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content


@dataclass(frozen=True)
class Window:
    """Pictures that are sent together under one idempotency key: sending them again makes no second job."""

    pictures: tuple[Picture, ...]
    key: str

    @classmethod
    def from_pictures(cls, pictures: Iterable[Picture]) -> Window:
        """A window with a new key."""
        return cls(tuple(pictures), secrets.token_hex(16))

    def halves(self) -> list[Window]:
        """Two windows with half of the pictures each."""
        middle = len(self.pictures) // 2
        return [Window.from_pictures(half) for half in (self.pictures[:middle], self.pictures[middle:])]

    def body(self) -> tuple[bytes, str]:
        """The request's body and its Content-Type. Raises OSError."""
        boundary = secrets.token_hex(16)
        pieces: list[bytes] = []
        for picture in self.pictures:
            # Percent-encoded (RFC 5987): servers disagree on quotes and backslashes in the plain form.
            name = quote(picture.id, safe="")
            head = f"--{boundary}\r\nContent-Disposition: form-data; name=\"images\"; filename*=utf-8''{name}\r\n\r\n"
            if picture.attributes is not None:
                described = json.dumps(picture.attributes, ensure_ascii=False).encode()
                start = f'--{boundary}\r\nContent-Disposition: form-data; name="attributes"\r\n\r\n'
                pieces += [start.encode(), described, b"\r\n"]
            pieces += [head.encode(), picture.read(), b"\r\n"]
        pieces.append(f"--{boundary}--\r\n".encode())
        return b"".join(pieces), f"multipart/form-data; boundary={boundary}"


def check_uploads(uploads: object) -> None:
    """Raises InvalidItem for one path in place of a list of pictures."""
    if isinstance(uploads, (str, bytes, Path)):
        raise InvalidItem(f"{_shortened(uploads)} is not a list of pictures: give [{_shortened(uploads)}].")


class WindowCutter:
    """Cuts pictures, one by one, into windows of at most 64 pictures and 32 MB; a larger one gets its own window."""

    def __init__(self) -> None:
        self._pictures: list[Picture] = []
        self._room = WINDOW_BYTES

    def add(self, picture: Picture) -> Window | None:
        """The window that was complete before this picture, if any. Raises OSError."""
        size = picture.size()
        is_full = len(self._pictures) == WINDOW_COUNT or size > self._room
        complete = self.rest() if is_full else None
        self._pictures.append(picture)
        self._room -= size
        return complete

    def rest(self) -> Window | None:
        """The last window; None if there are no pictures."""
        window = Window.from_pictures(self._pictures) if self._pictures else None
        self._pictures, self._room = [], WINDOW_BYTES
        return window


def windows(pictures: Iterable[Picture]) -> Iterator[Window]:
    """The windows of all pictures. Raises OSError."""
    cutter = WindowCutter()
    for picture in pictures:
        window = cutter.add(picture)
        if window is not None:
            yield window
    last = cutter.rest()
    if last is not None:
        yield last


def id_problem(photo_id: str) -> str | None:
    """Why the API would refuse an id, or None."""
    if _INVALID.search(photo_id):
        return "its name is not UTF-8, or has control characters"
    if len(photo_id.encode()) > _MAX_ID_BYTES:
        return f"its path is longer than {_MAX_ID_BYTES} bytes"
    return None


def _shortened(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"
