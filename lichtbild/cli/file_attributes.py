"""The attributes of a picture that is a file: where it is, when it was changed, and how large it is."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from PIL import Image

from lichtbild.cli.exif_attributes import exif_attributes

# The EXIF tag of the orientation; from 5 to 8 width and height are exchanged.
_ORIENTATION = 0x0112


def file_attributes(file: Path, path: str, content: bytes, *, exif: bool = False, gps: bool = False) -> dict[str, Any]:
    """`file` (absolute), `path` (as in the id, without a prefix), `modified`, `bytes`, and `width` and `height` if the
    picture can be opened; with `exif` and `gps` also what its EXIF data have. Raises OSError.
    """
    stat = file.stat()
    modified = datetime.fromtimestamp(int(stat.st_mtime), UTC)
    attributes: dict[str, Any] = {
        "file": _text(str(file.resolve())),
        "path": _text(path),
        "modified": modified.isoformat().replace("+00:00", "Z"),
        "bytes": len(content),
    }
    return {**attributes, **_of_picture(content, exif=exif, gps=gps)}


def _of_picture(content: bytes, *, exif: bool, gps: bool) -> dict[str, Any]:
    """Width and height as a viewer shows them, and EXIF data; empty if Pillow cannot open the picture."""
    try:
        with Image.open(io.BytesIO(content)) as picture:
            width, height = picture.size
            found = picture.getexif()
            if found.get(_ORIENTATION, 1) in range(5, 9):
                width, height = height, width
            more = exif_attributes(found, with_position=gps) if exif or gps else {}
    except Exception:
        # Pillow raises many kinds of errors for broken pictures, which the worker names.
        return {}
    return {"width": width, "height": height, **more}


def _text(path: str) -> str:
    """A path as text: names that are not UTF-8 keep their bytes as escapes."""
    return path.encode("utf-8", "backslashreplace").decode()
