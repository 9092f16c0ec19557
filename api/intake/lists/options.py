"""How a list is to be read."""

from dataclasses import dataclass
from typing import Literal

OnBadRow = Literal["refuse", "fail_item"]
ExtraKeys = Literal["refuse", "attributes"]


@dataclass(frozen=True, slots=True)
class ListOptions:
    """What a request states about its list.

    `url_column` and `id_column` are names of columns, in any case. `columns` are the names of all columns of a table
    that has no header row. `charset` is a codec's name, None for UTF-8 or what the byte order mark states. With
    `unescape_urls`, `&amp;` in a URL is `&`. `extra_keys` are the keys of a JSON object that an item does not have.
    """

    url_column: str | None = None
    id_column: str | None = None
    columns: tuple[str, ...] = ()
    charset: str | None = None
    unescape_urls: bool = False
    extra_keys: ExtraKeys = "refuse"
