"""Items of an ingest, and their outcomes."""

import json
import re
import unicodedata
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.addresses.web_url import parse_web_url

Attributes = Mapping[str, Any]
Stage = Literal["fetch", "decode", "encode", "write"]

MAX_ID_BYTES = 256
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
        """The host of the URL in lower case; empty if the URL is invalid."""
        try:
            return parse_web_url(self.url).origin.host
        except ValueError:
            return ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an item failed: a code from a small fixed set, and a sentence for people.

    `redirected_to` is the host that caused it, if it is not the host of the item's URL.
    """

    item: Item
    code: str
    detail: str
    attempts: int
    redirected_to: str = ""

    @property
    def host(self) -> str:
        """The host that caused the failure; empty if the URL has none."""
        return self.redirected_to or self.item.host


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one chunk. Each of its items is counted exactly once.

    `pictures` has the first digits of the content hash (hexadecimal) of each item that did not fail, by its id.
    """

    stored: int
    unchanged: int
    failures: Sequence[Failure]
    bytes: int
    stage_seconds: Mapping[Stage, float]
    pictures: Mapping[str, str] = field(default_factory=dict)


def normal_id(photo_id: str) -> str:
    """An id in Unicode's normal form C: macOS stores `ü` in names as two characters, keyboards type one."""
    return photo_id if photo_id.isascii() else unicodedata.normalize("NFC", photo_id)


def id_forms(photo_id: str) -> list[str]:
    """The ids under which a photo may be stored: in form C, or in form D (`u` and its dots apart), as earlier versions
    stored the names of files on macOS."""
    return list(dict.fromkeys([normal_id(photo_id), unicodedata.normalize("NFD", photo_id)]))


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
