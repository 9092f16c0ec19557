"""What a list is, decided by its first line: NDJSON, or a table separated by commas or tabs."""

from __future__ import annotations

import csv

from lichtbild.errors import UnknownFormat

NDJSON, CSV, TSV = "application/x-ndjson", "text/csv", "text/tab-separated-values"
ID_COLUMNS, URL_COLUMNS = ("photo_id", "id"), ("url", "photo_image_url")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SHOWN_COLUMNS = 12


def list_type(first_line: bytes, source: str) -> str:
    """The media type of a list with this first line. Raises UnknownFormat for a table without the columns that it
    needs, which names those that it has, and for a JSON array."""
    line = first_line.removeprefix(_BYTE_ORDER_MARK).strip()
    if not line or line.startswith(b"{"):
        return NDJSON
    if line.startswith(b"["):
        raise UnknownFormat(f"{source}: this is a JSON array; write one object per line (NDJSON).")
    return table_type(first_line, source)


def table_type(header: bytes, source: str) -> str:
    """CSV or TSV by the header row, not by the name: some of Unsplash's `.csv` files are separated by tabs. Raises
    UnknownFormat for a header without the columns of an id and a URL."""
    text = header.removeprefix(_BYTE_ORDER_MARK).decode("utf-8", "replace")
    if not text.strip():
        return CSV
    media_type = TSV if "\t" in text else CSV
    columns = next(csv.reader([text], delimiter="\t" if media_type == TSV else ","), [])
    missing = [" or ".join(names) for names in (ID_COLUMNS, URL_COLUMNS) if not set(names) & set(columns)]
    if missing:
        lacking = " and no column ".join(missing)
        raise UnknownFormat(f"{source}: the header row has no column {lacking}. {_seen(columns)}")
    return media_type


def _seen(columns: list[str]) -> str:
    if len(columns) == 1 and ";" in columns[0]:
        return "Its columns are separated by ';': separate them by commas or tabs."
    shown = ", ".join(map(repr, columns[:_SHOWN_COLUMNS])) + (", …" if len(columns) > _SHOWN_COLUMNS else "")
    known = {*ID_COLUMNS, *URL_COLUMNS}
    renamed = [name for name in columns if name not in known and name.strip().lower() in known]
    hint = f" Write {', '.join(name.strip().lower() for name in renamed)} in lower case." if renamed else ""
    return f"Its columns are {shown}.{hint}"
