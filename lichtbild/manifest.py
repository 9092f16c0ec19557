"""The body of an ingest: items or a file as a stream of bytes, never held in memory whole."""

from __future__ import annotations

import csv
import gzip
import re
from codecs import BOM_UTF8
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from lichtbild.errors import InvalidItem, UnknownFormat
from lichtbild.gzip_pieces import PIECE, async_zipped, zipped
from lichtbild.item_lines import Item, async_lines, lines
from lichtbild.list_options import DEFAULT_OPTIONS, ListOptions
from lichtbild.parquet_rows import read_rows
from lichtbild.table_rows import Table, rows_of, table_items
from lichtbild.unsplash_zip import read_lines

NDJSON, JSON = "application/x-ndjson", "application/json"
CSV, TSV, TEXT = "text/csv", "text/tab-separated-values", "text/plain"
_MEDIA_TYPES = {"ndjson": NDJSON, "jsonl": NDJSON, "json": JSON, "txt": TEXT}
# Objects of a file are rows as published lists have them: their other keys are attributes.
_FLAT: Mapping[str, Any] = {"extra_keys": "attributes"}

# Unsplash numbers the parts of its tables: photos.tsv000.
_NAME = re.compile(r"\.(?P<format>tsv|csv|tab|txt|ndjson|jsonl|json|parquet)\d*(\.gz)?$", re.IGNORECASE)


@dataclass(frozen=True)
class Manifest:
    """A body to send: its bytes in pieces, their media type, and parameters of the request. With `can_repeat`, `pieces`
    returns the same bytes whenever it is called."""

    pieces: Callable[[], Iterator[bytes] | AsyncIterator[bytes]]
    media_type: str
    gzipped: bool
    can_repeat: bool
    params: Mapping[str, Any] = field(default_factory=dict)


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


def from_stream(stream: BinaryIO, limit: int | None = None, options: ListOptions = DEFAULT_OPTIONS) -> Manifest:
    """NDJSON, JSON, a table or a list of URLs from a pipe, recognised by its first line; at most `limit` items."""
    head = stream.readline(PIECE)
    whole = chain([head], stream)
    media_type = _type_of(head)
    params = _limited({**options.params(), **(_FLAT if media_type in (JSON, NDJSON) else {})}, limit)
    lines = _first_lines(whole, limit) if media_type == NDJSON else whole
    content_type = options.content_type(media_type)
    return Manifest(lambda: zipped(lines), content_type, gzipped=True, can_repeat=False, params=params)


def from_file(path: Path, limit: int | None = None, options: ListOptions = DEFAULT_OPTIONS) -> Manifest:
    """A table, a list of URLs, JSON or NDJSON (also `.gz`), sent unchanged unless `limit` cuts it; a parquet file, sent
    as NDJSON; or a zip, whose table is sent.

    Raises UnknownFormat, MissingPackage and OSError; reading a damaged zip raises BrokenFile.
    """
    if path.suffix.lower() == ".zip":
        return _from_zip(path, limit, options)
    name = _NAME.search(path.name)
    if name is None:
        raise UnknownFormat(f"{path}: {_advice(path)}")
    kind = name["format"].lower()
    if kind == "parquet":
        return _from_parquet(path, limit, options)
    gzipped = _is_gzip(path)
    with _opened(path, gzipped) as file:
        head = file.readline(PIECE)
    media_type = _MEDIA_TYPES.get(kind) or _table_type(head)
    params = _limited({**options.params(), **(_FLAT if media_type in (JSON, NDJSON) else {})}, limit)
    content_type = options.content_type(media_type)
    # A document is one value, and text of other encodings is not divided here: the API cuts both at the limit.
    if limit is None or media_type == JSON or b"\0" in head or options.encoding:
        return Manifest(lambda: _pieces(path), content_type, gzipped, can_repeat=True, params=params)
    cut = partial(_cut, path, gzipped, media_type, head, limit)
    return Manifest(lambda: zipped(cut()), content_type, gzipped=True, can_repeat=True, params=params)


def _from_zip(path: Path, limit: int | None, options: ListOptions) -> Manifest:
    """The zip is checked before the request begins, not in the middle of it."""
    head = next(read_lines(path), b"")
    media_type = _table_type(head)

    def pieces() -> Iterator[bytes]:
        table = read_lines(path)
        return zipped(table if limit is None else _first_rows(table, head, limit))

    params = _limited(options.params(), limit)
    return Manifest(pieces, options.content_type(media_type), gzipped=True, can_repeat=True, params=params)


def _from_parquet(path: Path, limit: int | None, options: ListOptions) -> Manifest:
    """The file is opened before the request begins, not in the middle of it."""
    read_rows(path)
    params = {**options.params(), **_FLAT}
    return _ndjson(lambda: zipped(lines(islice(read_rows(path), limit))), can_repeat=True, params=params)


def _ndjson(
    pieces: Callable[[], Iterator[bytes] | AsyncIterator[bytes]],
    *,
    can_repeat: bool,
    params: Mapping[str, Any] = MappingProxyType({}),
) -> Manifest:
    return Manifest(pieces, NDJSON, gzipped=True, can_repeat=can_repeat, params=params)


def _limited(params: Mapping[str, Any], limit: int | None) -> Mapping[str, Any]:
    """The API counts rows by its own rule; what is cut here only saves bytes."""
    return params if limit is None else {**params, "limit": limit}


def _advice(path: Path) -> str:
    """What to do with a file whose name is that of no list."""
    if path.suffix.lower() in (".xlsx", ".xls", ".xlsm", ".ods", ".numbers"):
        return "this is a spreadsheet: save the sheet as `CSV UTF-8` and ingest that."
    if path.suffix.lower() in (".bz2", ".xz", ".zst", ".7z", ".tar", ".tgz"):
        return "unpack it first; .gz and .zip are read as they are."
    return "the name must end in .tsv, .csv, .txt, .json, .ndjson or .jsonl (also with .gz), in .parquet or in .zip."


def _table_type(header: bytes) -> str:
    """By the header row, not by the name: some of Unsplash's `.csv` files are separated by tabs."""
    return TSV if b"\t" in header else CSV


def _type_of(head: bytes) -> str:
    """By the first line of a stream. An object is taken for NDJSON, an array for JSON."""
    start = head.removeprefix(BOM_UTF8).lstrip()
    if start.startswith((b"{", b"[")) or not start:
        return JSON if start.startswith(b"[") else NDJSON
    return _table_type(head)


def _is_gzip(path: Path) -> bool:
    """By the content, not by the name."""
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _opened(path: Path, gzipped: bool) -> BinaryIO:
    return gzip.open(path, "rb") if gzipped else path.open("rb")  # type: ignore[return-value]


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def _cut(path: Path, gzipped: bool, media_type: str, head: bytes, limit: int) -> Iterator[bytes]:
    with _opened(path, gzipped) as file:
        yield from _first_rows(file, head, limit) if media_type in (CSV, TSV) else _first_lines(file, limit)


def _first_lines(lines: Iterable[bytes], limit: int | None) -> Iterator[bytes]:
    sent = 0
    for line in lines:
        if sent == limit:
            return
        sent += bool(line.strip())
        yield line if line.endswith(b"\n") else line + b"\n"


def _first_rows(lines: Iterable[bytes], head: bytes, limit: int) -> Iterator[bytes]:
    """The header row `head` and `limit` rows, byte for byte. A quoted field may contain line breaks; by the rule used
    here it contains at least as many as by the API's, so at least `limit` of the API's rows are sent."""
    lines, read = iter(lines), list[bytes]()

    def texts() -> Iterator[str]:
        for line in lines:
            read.append(line)
            yield line.decode("utf-8", "replace")

    delimiter = max("\t,;|", key=lambda each: (each == "\t" and b"\t" in head, head.count(each.encode())))
    rows = csv.reader(texts(), delimiter=delimiter)
    left = limit + 1 + head.lower().startswith((b"sep=", b'"sep='))
    try:
        for row in rows:
            left -= bool(row)
            yield b"".join(read)
            read.clear()
            if not left:
                return
    except csv.Error:
        yield b"".join(read)
        yield from lines
