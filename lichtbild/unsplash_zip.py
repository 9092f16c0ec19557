"""Reads the table in a zip, such as that of Unsplash's dataset, line by line, without unpacking it."""

from __future__ import annotations

import csv
import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from lichtbild.errors import BrokenFile, UnknownFormat

# photos.tsv, or numbered parts (photos.tsv000, photos.tsv001 …); newer releases: photos.csv000, also tab-separated.
_PART = re.compile(r"(?P<folder>.*/)?photos\.(?P<format>tsv|csv)(?P<number>\d*)", re.IGNORECASE)
_TABLE = re.compile(r"\.(tsv|csv|tab|txt)\d*$", re.IGNORECASE)
_ID, _URL = "photo_id", "photo_image_url"
# What zipfile raises for data that are damaged, encrypted, or compressed by an unknown method.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, UnicodeDecodeError, csv.Error)


def read_lines(path: Path) -> Iterator[bytes]:
    """The lines of the table: one header row, then the rows of all parts. If the zip has no table of photos, but one
    other table, its lines.

    Raises UnknownFormat and OSError immediately, BrokenFile also while lines are read.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            parts = _parts(archive.namelist())
            if parts:
                _check_headers(archive, parts, path)
            else:
                parts = _only_table(archive.namelist(), path)
    except zipfile.BadZipFile:
        raise UnknownFormat(
            f"{path}: this is not a zip, or the download is incomplete: the end of the file is missing."
        ) from None
    except _BROKEN as error:
        raise _broken(path, error) from error
    return _lines(path, parts)


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


def _only_table(names: list[str], path: Path) -> list[str]:
    tables = [name for name in names if _TABLE.search(name) and not name.startswith("__MACOSX/")]
    if len(tables) == 1:
        return tables
    found = f" but {len(tables)} other tables; unpack the one to ingest" if tables else ""
    raise UnknownFormat(f"{path}: the zip has no photos.tsv (or photos.tsv000, photos.csv000 …){found}.")


def _check_headers(archive: zipfile.ZipFile, parts: list[str], path: Path) -> None:
    """Every part has the same header row, with the columns of an ingest."""
    headers = [_header(archive, part) for part in parts]
    for part, header in zip(parts, headers, strict=True):
        delimiter = "\t" if b"\t" in header else ","
        columns = next(csv.reader([header.decode("utf-8-sig")], delimiter=delimiter), [])
        for column in (_ID, _URL):
            if column not in columns:
                raise UnknownFormat(f"{path}: {part} has no column {column!r} in its first row.")
        if header != headers[0]:
            raise UnknownFormat(f"{path}: {part} has other columns than {parts[0]}.")


def _header(archive: zipfile.ZipFile, part: str) -> bytes:
    with archive.open(part) as file:
        return file.readline().rstrip(b"\r\n")


def _lines(path: Path, parts: list[str]) -> Iterator[bytes]:
    with zipfile.ZipFile(path) as archive:
        for number, part in enumerate(parts):
            try:
                with archive.open(part) as file:
                    if number:
                        file.readline()
                    for line in file:
                        yield line if line.endswith(b"\n") else line + b"\n"
            except _BROKEN as error:
                raise _broken(f"{path}: {part}", error) from error


def _broken(what: Path | str, error: Exception) -> BrokenFile:
    return BrokenFile(f"{what} cannot be read: {str(error) or type(error).__name__}.")
