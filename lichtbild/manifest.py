"""The body of an ingest: items or a file as a stream of bytes, never held in memory whole."""

from __future__ import annotations

import csv
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from lichtbild.errors import InvalidItem, UnknownFormat
from lichtbild.table_rows import Table, rows_of, table_items
from lichtbild.unsplash_zip import read_photos

NDJSON, CSV, TSV = "application/x-ndjson", "text/csv", "text/tab-separated-values"
Item = Mapping[str, Any] | tuple[str, str] | tuple[str, str, Mapping[str, Any]]

_PIECE = 64 * 1024
_SHOWN_LENGTH = 60
# Unsplash numbers the parts of its tables: photos.tsv000.
_NAME = re.compile(r"\.(?P<format>tsv|csv|ndjson|jsonl)\d*(?P<gzip>\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Manifest:
    """A body to send: its bytes in pieces, and their media type. With `can_repeat`, `pieces` returns the same bytes
    whenever it is called."""

    pieces: Callable[[], Iterator[bytes]]
    media_type: str
    gzipped: bool
    can_repeat: bool


def from_items(items: Iterable[Item] | Table, on_sent: Callable[[int], None] | None = None) -> Manifest:
    """`{"photo_id", "url", "attributes"}` or `(photo_id, url[, attributes])`, or a table, as gzipped NDJSON. Sequences
    and tables can be sent again, other iterables may be exhausted. Raises InvalidItem, also while the pieces are read.

    `on_sent` is called with the number of items read so far, from 1 again if they are sent again.
    """
    if isinstance(items, (str, bytes, Mapping)):
        raise InvalidItem(f"Items must be a list, not a {type(items).__name__}: give [{{'photo_id': …, 'url': …}}, …].")
    rows = rows_of(items)
    if rows is not None:
        pieces, can_repeat = lambda: _zipped(_lines(table_items(rows()), on_sent)), hasattr(items, "__len__")
    elif isinstance(items, Iterable):
        listed: Iterable[Item] = items
        pieces, can_repeat = lambda: _zipped(_lines(listed, on_sent)), isinstance(items, Sequence)
    else:
        raise InvalidItem(f"A {type(items).__name__} is neither a list of items nor a known table.")
    return Manifest(pieces, NDJSON, gzipped=True, can_repeat=can_repeat)


def from_stream(stream: BinaryIO, limit: int | None = None) -> Manifest:
    """NDJSON from a pipe, at most `limit` items."""
    return Manifest(lambda: _zipped(_first_lines(stream, limit)), NDJSON, gzipped=True, can_repeat=False)


def from_file(path: Path, limit: int | None = None) -> Manifest:
    """A `.tsv`, `.csv` or `.ndjson` file (also `.gz`), sent unchanged unless `limit` cuts it; or the zip of Unsplash's
    dataset, whose photos are sent as NDJSON.

    Raises UnknownFormat and OSError; reading a damaged zip raises BrokenFile.
    """
    if path.suffix.lower() == ".zip":
        return _from_zip(path, limit)
    name = _NAME.search(path.name)
    if name is None:
        raise UnknownFormat(f"{path}: the name must end in .tsv, .csv, .ndjson or .jsonl (also with .gz), or in .zip.")
    gzipped = name["gzip"] is not None
    with _opened(path, gzipped) as file:
        media_type = NDJSON if name["format"].lower() in ("ndjson", "jsonl") else _table_type(file.readline(_PIECE))
    if limit is None:
        return Manifest(lambda: _pieces(path), media_type, gzipped, can_repeat=True)
    return Manifest(lambda: _zipped(_cut(path, gzipped, media_type, limit)), media_type, gzipped=True, can_repeat=True)


def _from_zip(path: Path, limit: int | None) -> Manifest:
    """The zip is checked before the request begins, not in the middle of it."""
    read_photos(path)
    return Manifest(lambda: _zipped(_lines(islice(read_photos(path), limit))), NDJSON, gzipped=True, can_repeat=True)


def _lines(items: Iterable[Item], on_sent: Callable[[int], None] | None = None) -> Iterator[bytes]:
    for number, item in enumerate(items, start=1):
        try:
            line = json.dumps(_as_object(item), allow_nan=False, separators=(",", ":"), default=_plain)
        except (TypeError, ValueError) as error:
            raise InvalidItem(f"Item {number} ({_label(item)}) cannot be sent: {error}.") from None
        yield line.encode() + b"\n"
        if on_sent is not None:
            on_sent(number)


def _as_object(item: Item) -> Mapping[str, Any]:
    """Raises TypeError for anything that is neither a mapping nor a tuple or list of two or three."""
    if isinstance(item, Mapping):
        return item
    if isinstance(item, (tuple, list)) and len(item) in (2, 3):
        return dict(zip(("photo_id", "url", "attributes"), item, strict=False))
    raise TypeError("an item is {'photo_id': …, 'url': …} or (photo_id, url) or (photo_id, url, attributes)")


def _plain(value: Any) -> Any:
    """The JSON form of a date, a time, or a NumPy scalar. Raises TypeError for other values."""
    if isinstance(value, (date, time)):
        return value.isoformat()
    scalar = getattr(value, "item", None)
    if scalar is None or getattr(value, "shape", ()) != ():
        raise TypeError(f"{value!r} is a {type(value).__name__}, which has no form in JSON")
    return scalar()


def _label(item: Any) -> str:
    """The item's id, or else its beginning."""
    found = item.get("photo_id", item.get("id")) if isinstance(item, Mapping) else item
    if isinstance(item, (tuple, list)) and item:
        found = item[0]
    text = repr(found)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"


def _table_type(header: bytes) -> str:
    """Decided by the header row, not by the name: some of Unsplash's `.csv` files are separated by tabs."""
    return TSV if b"\t" in header else CSV


def _opened(path: Path, gzipped: bool) -> BinaryIO:
    return gzip.open(path, "rb") if gzipped else path.open("rb")  # type: ignore[return-value]


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def _cut(path: Path, gzipped: bool, media_type: str, limit: int) -> Iterator[bytes]:
    with _opened(path, gzipped) as file:
        yield from _first_lines(file, limit) if media_type == NDJSON else _first_rows(file, media_type, limit)


def _first_lines(lines: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    sent = 0
    for line in lines:
        if sent == limit:
            return
        sent += bool(line.strip())
        yield line if line.endswith(b"\n") else line + b"\n"


def _first_rows(lines: Iterable[bytes], media_type: str, limit: int) -> Iterator[bytes]:
    """The header and `limit` rows, byte for byte. Lines are parsed, since a quoted field may contain line breaks."""
    read: list[bytes] = []

    def texts() -> Iterator[str]:
        for line in lines:
            read.append(line)
            yield line.decode("utf-8", "replace")

    rows = csv.reader(texts(), delimiter="\t" if media_type == TSV else ",")
    left = limit + 1
    try:
        for row in rows:
            left -= bool(row)
            yield b"".join(read)
            read.clear()
            if not left:
                return
    except csv.Error:
        # The API parses it more strictly and names the faulty line.
        yield b"".join(read)


def _zipped(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Gzip at the fastest level, in pieces of at least 64 kB."""
    zipper = zlib.compressobj(level=1, wbits=31)
    pending = bytearray()
    for line in lines:
        pending += zipper.compress(line)
        if len(pending) >= _PIECE:
            yield bytes(pending)
            pending.clear()
    yield bytes(pending) + zipper.flush()
