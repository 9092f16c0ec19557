"""The query parameters that state how a list is to be read."""

from typing import Annotated

from pydantic import AfterValidator, Field

from api.http.parameters import Parameters, WholeNumber
from api.intake.lists.options import ExtraKeys, ListOptions, OnBadRow
from api.intake.lists.text import check_charset

_MAX_COLUMNS = 1000


def _names(text: str) -> str:
    if text.count(",") >= _MAX_COLUMNS:
        raise ValueError(f"must name at most {_MAX_COLUMNS} columns")
    return text


class ListQuery(Parameters):
    """Parameters of a list of URLs; uploads have none of them."""

    on_bad_row: OnBadRow = "refuse"
    """What a bad row does: `refuse` refuses the whole list and names all bad rows; with `fail_item` the row is a failed
    item of the job, with the code `bad_url`, `bad_row` or `duplicate_id`."""
    url_column: Annotated[str | None, Field(min_length=1, examples=["Image URL"])] = None
    """The column of the URLs; by default `url`, `photo_image_url`, `image_url`, `img_url` or `imageurl`. Upper and
    lower case are the same."""
    id_column: Annotated[str | None, Field(min_length=1, examples=["SKU"])] = None
    """The column of the ids; by default `photo_id` or `id`. Without such a column the URLs are the ids."""
    columns: Annotated[str, AfterValidator(_names), Field(examples=["caption,url"])] = ""
    """The names of the columns of a table that has no header row, separated by commas."""
    unescape_urls: bool = False
    """Read `&amp;` in URLs as `&`."""
    extra_keys: ExtraKeys = "refuse"
    """What further keys of a JSON object are: faults, or attributes."""
    limit: Annotated[WholeNumber, Field(ge=0, le=999_999_999)] = 0
    """Take only this many rows from the beginning of the list; 0: all."""

    def list_options(self, charset: str | None) -> ListOptions:
        """With the `charset` of the Content-Type. Raises UnsupportedTypeError if that is unknown."""
        return ListOptions(
            url_column=self.url_column,
            id_column=self.id_column,
            columns=tuple(name.strip() for name in self.columns.split(",")) if self.columns else (),
            charset=check_charset(charset) if charset else None,
            unescape_urls=self.unescape_urls,
            extra_keys=self.extra_keys,
        )

    def list_fingerprint(self, options: ListOptions) -> str:
        """What must be equal when an idempotency key is used again; empty for the defaults."""
        stated = (self.on_bad_row, self.limit, options) != ("refuse", 0, ListOptions())
        return f":{self.on_bad_row}:{self.limit}:{options}" if stated else ""
