"""Reads the photos of the zip that Unsplash publishes as its dataset, row by row, without unpacking it."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lichtbild.errors import BrokenFile, UnknownFormat

# photos.tsv, or numbered parts (photos.tsv000, photos.tsv001 …); newer releases: photos.csv000, also tab-separated.
_PART = re.compile(r"(?P<folder>.*/)?photos\.(?P<format>tsv|csv)(?P<number>\d*)", re.IGNORECASE)
_ID, _URL = "photo_id", "photo_image_url"
# What zipfile raises for data that are damaged, encrypted, or compressed by an unknown method.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, UnicodeDecodeError, csv.Error)


def read_photos(path: Path) -> Iterator[dict[str, Any]]:
    """The items of an ingest; every other column that is not empty becomes an attribute.

    Raises UnknownFormat and OSError immediately, BrokenFile also while rows are read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = _parts(archive.namelist())
            if not parts:
                raise UnknownFormat(f"{path}: the zip has no photos.tsv (or photos.tsv000, photos.csv000 …).")
            for part in parts:
                _check_header(archive, part, path)
    except zipfile.BadZipFile:
        raise UnknownFormat(
            f"{path}: this is not a zip, or the download is incomplete: the end of the file is missing."
        ) from None
    except _BROKEN as error:
        raise _broken(path, error) from error
    return _items(path, parts)


def _parts(names: list[str]) -> list[str]:
    """The parts of the table in order; of several tables, the one in the outermost folder."""
    tables: dict[tuple[int, str, str], list[tuple[int, str]]] = {}
    for name in names:
        found = _PART.fullmatch(name)
        # macOS adds a metadata file for every file to this folder.
        if found and not name.startswith("__MACOSX/"):
            folder = found["folder"] or ""
            table = (folder.count("/"), folder, found["format"].lower())
            tables.setdefault(table, []).append((int(found["number"] or 0), name))
    # If there are both .tsv and .csv, their rows are the same.
    first = min(tables, key=lambda table: (table[0], table[1], table[2] == "csv"), default=None)
    return [name for _, name in sorted(tables[first])] if first else []


def _check_header(archive: zipfile.ZipFile, part: str, path: Path) -> None:
    with _lines(archive, part) as lines:
        columns = next(_rows(lines), [])
    for column in (_ID, _URL):
        if column not in columns:
            raise UnknownFormat(f"{path}: {part} has no column {column!r} in its first row.")


def _items(path: Path, parts: list[str]) -> Iterator[dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        for part in parts:
            try:
                with _lines(archive, part) as lines:
                    yield from _part_items(lines, path, part)
            except _BROKEN as error:
                raise _broken(f"{path}: {part}", error) from error


def _part_items(lines: io.TextIOWrapper, path: Path, part: str) -> Iterator[dict[str, Any]]:
    rows = _rows(lines)
    columns = next(rows)
    for number, row in enumerate(rows, start=1):
        if not row:
            continue
        if len(row) != len(columns):
            raise BrokenFile(f"{path}: row {number} of {part} has {len(row)} fields, the header has {len(columns)}.")
        values = {name: value for name, value in zip(columns, row, strict=True) if value}
        yield {"photo_id": values.pop(_ID, ""), "url": values.pop(_URL, ""), "attributes": values}


def _lines(archive: zipfile.ZipFile, part: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(archive.open(part), encoding="utf-8-sig", newline="")


def _rows(lines: io.TextIOWrapper) -> Iterator[list[str]]:
    """The separator is read off the header. Quotes are parsed leniently, since descriptions are free text."""
    header = lines.readline()
    delimiter = "\t" if "\t" in header else ","
    yield from csv.reader([header], delimiter=delimiter)
    yield from csv.reader(lines, delimiter=delimiter)


def _broken(what: Path | str, error: Exception) -> BrokenFile:
    return BrokenFile(f"{what} cannot be read: {str(error) or type(error).__name__}.")
