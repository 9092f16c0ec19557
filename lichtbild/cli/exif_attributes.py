"""Attributes from a picture's EXIF data: when and with what it was taken, and, only if asked for, where."""

from __future__ import annotations

import contextlib
import math
import re
from typing import Any

from PIL import ExifTags, Image

_DATE = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)")
_OFFSET = re.compile(r"[+-]\d\d:\d\d")
_MAX_TEXT = 200


def exif_attributes(exif: Image.Exif, *, with_position: bool) -> dict[str, Any]:
    """`taken` (local time of the camera, with its zone if it is recorded), `camera`, and with `with_position` also
    `gps` with `lat` and `lon` in degrees. What is missing or unreadable is left out.
    """
    attributes: dict[str, Any] = {}
    for name, value in (("taken", _taken(exif)), ("camera", _camera(exif))):
        attributes |= {name: value} if value else {}
    position = _position(exif) if with_position else None
    return attributes | ({"gps": position} if position else {})


def _taken(exif: Image.Exif) -> str | None:
    details = _block(exif, ExifTags.IFD.Exif)
    date = details.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTime)
    found = _DATE.match(str(date))
    # Cameras whose clock was never set write zeros.
    if not found or found[1] == "0000":
        return None
    offset = str(details.get(ExifTags.Base.OffsetTimeOriginal, "")).strip()
    return f"{found[1]}-{found[2]}-{found[3]}T{found[4]}{offset if _OFFSET.fullmatch(offset) else ''}"


def _camera(exif: Image.Exif) -> str:
    """Make and model, the make once: `Canon EOS R5`, `FUJIFILM X-T5`."""
    make, model = (_text(exif.get(tag, "")) for tag in (ExifTags.Base.Make, ExifTags.Base.Model))
    is_repeated = model.lower().startswith(make.split(" ")[0].lower()) if make else True
    return model if is_repeated else f"{make} {model}".strip()


def _position(exif: Image.Exif) -> dict[str, float] | None:
    block = _block(exif, ExifTags.IFD.GPSInfo)
    with contextlib.suppress(KeyError, TypeError, ValueError, ZeroDivisionError):
        latitude = _degrees(block[ExifTags.GPS.GPSLatitude], block[ExifTags.GPS.GPSLatitudeRef], "S")
        longitude = _degrees(block[ExifTags.GPS.GPSLongitude], block[ExifTags.GPS.GPSLongitudeRef], "W")
        if abs(latitude) <= 90 and abs(longitude) <= 180:
            return {"lat": latitude, "lon": longitude}
    return None


def _degrees(parts: Any, direction: Any, negative: str) -> float:
    """Degrees, minutes and seconds as one number. Raises ValueError and kin for anything else."""
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    if not math.isfinite(value):
        raise ValueError(parts)
    return round(-value if str(direction).startswith(negative) else value, 6)


def _block(exif: Image.Exif, name: ExifTags.IFD) -> dict[int, Any]:
    try:
        return dict(exif.get_ifd(name))
    except Exception:
        # As for the whole picture: Pillow raises many kinds of errors for broken data.
        return {}


def _text(value: Any) -> str:
    """Printable text without the padding that cameras add."""
    return "".join(letter for letter in str(value) if letter.isprintable()).strip()[:_MAX_TEXT]
