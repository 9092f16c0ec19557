"""How the API is to read a list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ListOptions:
    """Options of a file or stream that is ingested.

    With `keep_going`, bad rows are failed items of the job; otherwise they refuse the list. `url_column` and
    `id_column` are names of columns, in any case; `columns` are the names of all columns of a table without a header
    row. `encoding` is that of a file which is not Unicode. With `unescape_urls`, `&amp;` in a URL is read as `&`.
    """

    keep_going: bool = False
    url_column: str | None = None
    id_column: str | None = None
    columns: tuple[str, ...] = ()
    encoding: str | None = None
    unescape_urls: bool = False

    def params(self) -> dict[str, Any]:
        """The query parameters of the request, without those that have their default."""
        stated = {
            "on_bad_row": "fail_item" if self.keep_going else None,
            "url_column": self.url_column,
            "id_column": self.id_column,
            "columns": ",".join(self.columns) or None,
            "unescape_urls": "true" if self.unescape_urls else None,
        }
        return {name: value for name, value in stated.items() if value is not None}

    def content_type(self, media_type: str) -> str:
        """The `Content-Type` of a body of text."""
        return f"{media_type}; charset={self.encoding}" if self.encoding else media_type


DEFAULT_OPTIONS = ListOptions()
