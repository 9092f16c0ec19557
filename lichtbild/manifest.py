"""The body of an ingest: items or a file as a stream of bytes, never held in memory whole."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from lichtbild.errors import InvalidItem, UnknownFormat
from lichtbild.gzip_pieces import PIECE, async_zipped, zipped
from lichtbild.item_lines import Item, async_lines, lines
from lichtbild.table_rows import Table, rows_of, table_items
from lichtbild.unsplash_zip import read_photos

NDJSON, CSV, TSV = "application/x-ndjson", "text/csv", "text/tab-separated-values"

# Unsplash numbers the parts of its tables: photos.tsv000.
_NAME = re.compile(r"\.(?P<format>tsv|csv|ndjson|jsonl)\d*(?P<gzip>\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Manifest:
    """A body to send: its bytes in pieces, and their media type. With `can_repeat`, `pieces` returns the same bytes
    whenever it is called."""

    pieces: Callable[[], Iterator[bytes] | AsyncIterator[bytes]]
    media_type: str
    gzipped: bool
    can_repeat: bool


def from_items(
    items: Iterable[Item] | AsyncIterable[Item] | Table, on_sent: Callable[[int], None] | None = None
) -> Manifest:
    """Items or a table as gzipped NDJSON. Sequences and tables can be sent again, other iterables may be exhausted.
    Raises InvalidItem, also while the pieces are read.

    `on_sent` is called with the number of items read so far, from 1 again if they are sent again.
    """
    if isinstance(items, (str, bytes, Mapping)):
        raise InvalidItem(f"Items must be a list, not a {type(items).__name__}: give [{{'photo_id': …, 'url': …}}, …].")
    rows = rows_of(items)
    if rows is not None:
        return _ndjson(lambda: zipped(lines(table_items(rows()), on_sent)), can_repeat=hasattr(items, "__len__"))
    if isinstance(items, AsyncIterable):
        later: AsyncIterable[Item] = items
        return _ndjson(lambda: async_zipped(async_lines(later, on_sent)), can_repeat=False)
    if isinstance(items, Iterable):
        listed: Iterable[Item] = items
        return _ndjson(lambda: zipped(lines(listed, on_sent)), can_repeat=isinstance(items, Sequence))
    raise InvalidItem(f"A {type(items).__name__} is neither a list of items nor a known table.")


def from_stream(stream: BinaryIO, limit: int | None = None) -> Manifest:
    """NDJSON from a pipe, at most `limit` items."""
    return _ndjson(lambda: zipped(_first_lines(stream, limit)), can_repeat=False)


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
        media_type = NDJSON if name["format"].lower() in ("ndjson", "jsonl") else _table_type(file.readline(PIECE))
    if limit is None:
        return Manifest(lambda: _pieces(path), media_type, gzipped, can_repeat=True)
    return Manifest(lambda: zipped(_cut(path, gzipped, media_type, limit)), media_type, gzipped=True, can_repeat=True)


def _from_zip(path: Path, limit: int | None) -> Manifest:
    """The zip is checked before the request begins, not in the middle of it."""
    read_photos(path)
    return _ndjson(lambda: zipped(lines(islice(read_photos(path), limit))), can_repeat=True)


def _ndjson(pieces: Callable[[], Iterator[bytes] | AsyncIterator[bytes]], *, can_repeat: bool) -> Manifest:
    return Manifest(pieces, NDJSON, gzipped=True, can_repeat=can_repeat)


def _table_type(header: bytes) -> str:
    """Decided by the header row, not by the name: some of Unsplash's `.csv` files are separated by tabs."""
    return TSV if b"\t" in header else CSV


def _opened(path: Path, gzipped: bool) -> BinaryIO:
    return gzip.open(path, "rb") if gzipped else path.open("rb")  # type: ignore[return-value]


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
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
