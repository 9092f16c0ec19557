"""Items of an ingest, and their outcomes."""

import json
import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

Attributes = Mapping[str, Any]
Stage = Literal["fetch", "decode", "encode", "write"]

MAX_ID_BYTES = 256
MAX_URL_BYTES = 4096
MAX_ATTRIBUTES_BYTES = 64 * 1024
# Control characters, and unpaired surrogates, which JSON can express but UTF-8 cannot.
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Item:
    """One image to ingest. `attributes` are JSON values."""

    id: str
    url: str
    attributes: Attributes

    @property
    def host(self) -> str:
        """The host of the URL in lower case; empty if it has none, or if the URL is invalid."""
        try:
            return urlsplit(self.url).hostname or ""
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item failed: a code from a small fixed set, and a sentence for people."""

    item: Item
    code: str
    detail: str
    attempts: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one chunk. Each of its items is counted exactly once."""

    stored: int
    unchanged: int
    failures: Sequence[Failure]
    bytes: int
    stage_seconds: Mapping[Stage, float]


def normal_id(photo_id: str) -> str:
    """An id in Unicode's normal form C: macOS stores `ü` in names as two characters, keyboards type one."""
    return photo_id if photo_id.isascii() else unicodedata.normalize("NFC", photo_id)


def photo_id_problem(photo_id: str) -> str | None:
    """What is wrong with an id, or None."""
    if not photo_id:
        return "must not be empty"
    if _UNFIT.search(photo_id):
        return "must be UTF-8 without control characters"
    if len(photo_id.encode()) > MAX_ID_BYTES:
        return f"must be at most {MAX_ID_BYTES} bytes of UTF-8"
    if photo_id.startswith("/"):
        return "must not begin with '/'"
    if photo_id in ("random", ".", ".."):
        return f"must not be {photo_id!r}, which has another meaning in a path"
    return None


def url_problem(url: str) -> str | None:
    """What is wrong with an image URL, or None. Its address is checked when it is fetched."""
    if not url:
        return "is missing"
    if _UNFIT.search(url) or " " in url:
        return "must not contain spaces or control characters"
    if len(url.encode()) > MAX_URL_BYTES:
        return f"must be at most {MAX_URL_BYTES} bytes"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return "is not a valid URL"
    if parts.scheme.lower() not in ("http", "https"):
        return "must begin with http:// or https://"
    if not parts.hostname:
        return "has no host"
    if parts.username is not None or parts.password is not None:
        return "must not contain a user name or password"
    return None


def pack_items(items: Sequence[Item]) -> bytes:
    """Compress items as JSON: column names once, then one row of values per item."""
    columns = list(dict.fromkeys(name for item in items for name in item.attributes))
    rows = [[item.id, item.url, *(item.attributes.get(name, _ABSENT) for name in columns)] for item in items]
    text = json.dumps([columns, rows], ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode(), level=6)


def unpack_items(payload: bytes) -> list[Item]:
    """Inverse of `pack_items`."""
    columns, rows = json.loads(zlib.decompress(payload))
    return [
        Item(row[0], row[1], {name: value for name, value in zip(columns, row[2:], strict=True) if value != _ABSENT})
        for row in rows
    ]


# Marks a missing attribute, as opposed to an attribute whose value is null.
_ABSENT: dict[str, int] = {"\x00": 0}
