"""The columns of a table: its delimiter, its header row, and which columns hold ids and URLs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from api.intake.lists.cells import is_url, parse
from api.intake.lists.options import ListOptions
from shared.errors import Fault, InvalidRequestError

ID_NAMES = ("photo_id", "id")
# The first two are the contract's; the others are those of published lists.
URL_NAMES = ("url", "photo_image_url", "image_url", "img_url", "imageurl")
_DELIMITERS = ("\t", ",", ";", "|")
# The first line of Excel's lists may name the delimiter.
_SEP = re.compile(r'"?sep=(.)"?[\t,; ]*', re.IGNORECASE)
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Columns:
    """`id` is None if the ids come from the URLs. `is_header`: the line that they were read from is no row."""

    names: tuple[str, ...]
    url: int
    id: int | None
    delimiter: str
    is_header: bool

    @property
    def attributes(self) -> list[tuple[int, str]]:
        """The places and names of all other columns."""
        return [(place, name) for place, name in enumerate(self.names) if place not in (self.url, self.id)]


def stated_delimiter(line: str) -> str | None:
    """The delimiter that a line `sep=;` states; None for any other line."""
    found = _SEP.fullmatch(line.strip(" \r"))
    return found[1] if found else None


def read_columns(line: str, number: int, following: str, delimiter: str | None, options: ListOptions) -> Columns:
    """The columns by the first line of a table. `following` is the line after it, for the message about a missing
    column; `delimiter` is the one that the table states, if any.

    Raises InvalidRequestError if there is no column of URLs, or no column of the names in `options`.
    """
    if options.columns:
        return _named(line, number, delimiter, options)
    cells, delimiter = _divided(line, delimiter, options)
    if len(cells) == 1 and is_url(cells[0]):
        return Columns(("url",), 0, None, "", is_header=False)
    if any(map(is_url, cells)) and not options.url_column:
        raise _no_header(number, cells)
    names = _unique([cell.strip().strip('"').strip() for cell in cells])
    url = _place(names, [options.url_column] if options.url_column else URL_NAMES)
    if url is None:
        raise _no_column(number, names, options.url_column, _values(following, delimiter))
    photo_id = _place(names, [options.id_column] if options.id_column else ID_NAMES)
    if photo_id is None and options.id_column:
        raise _missing(number, names, "id_column", options.id_column)
    return Columns(names, url, photo_id, delimiter if len(names) > 1 else "", is_header=True)


def _divided(line: str, delimiter: str | None, options: ListOptions) -> tuple[list[str], str]:
    """The cells of the first line, and the delimiter: the one that gives a column of URLs, else the most columns."""
    wanted = [options.url_column] if options.url_column else URL_NAMES
    divided = {each: _cells(line, each) for each in ((delimiter,) if delimiter else _DELIMITERS)}
    best = max(divided, key=lambda each: (_place(tuple(divided[each]), wanted) is not None, len(divided[each])))
    return divided[best], best


def _cells(line: str, delimiter: str) -> list[str]:
    cells, _ = parse(line, delimiter)
    return cells if cells is not None else line.split(delimiter)


def _values(line: str, delimiter: str) -> list[str]:
    return _cells(line, delimiter) if delimiter else [line]


def _named(line: str, number: int, delimiter: str | None, options: ListOptions) -> Columns:
    """The columns of a table without a header row, whose names the request states."""
    names = _unique(options.columns)
    delimiters = (delimiter,) if delimiter else _DELIMITERS
    fitting = [each for each in delimiters if len(_cells(line, each)) == len(names)] if len(names) > 1 else [""]
    if not fitting:
        reason = f"`columns` names {len(names)} columns, the line has {max(map(len, _all(line)))}"
        raise InvalidRequestError(f"line {number}: {reason}.", [Fault(reason, parameter="columns", line=number)])
    url = _place(names, [options.url_column] if options.url_column else URL_NAMES)
    if url is None:
        reason = "`columns` must name the column of URLs `url`, or `url_column` must name it."
        raise InvalidRequestError(reason, [Fault(reason, parameter="columns")])
    photo_id = _place(names, [options.id_column] if options.id_column else ID_NAMES)
    return Columns(names, url, photo_id, fitting[0], is_header=False)


def _all(line: str) -> list[list[str]]:
    return [_cells(line, each) for each in _DELIMITERS]


def _place(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    """The place of the first wanted name: as written, else without regard to case, spaces and hyphens."""
    for normal in (str, normal_name):
        listed = [normal(name) for name in names]
        for name in wanted:
            if normal(name) in listed:
                return listed.index(normal(name))
    return None


def normal_name(name: str) -> str:
    """A column's name for comparison: `Image URL`, `image-url` and `IMAGE_URL` are the same."""
    return re.sub(r"[\s_-]+", "_", name.strip().casefold())


def _unique(names: Sequence[str]) -> tuple[str, ...]:
    """Names for all columns: an empty one is `column_3`, a second `note` is `note_5`, by their place from 1."""
    found: list[str] = []
    for place, name in enumerate(names, start=1):
        fresh = name or f"column_{place}"
        found.append(f"{fresh}_{place}" if fresh in found else fresh)
    return tuple(found)


def _no_header(number: int, cells: Sequence[str]) -> InvalidRequestError:
    first = next(place for place, cell in enumerate(cells) if is_url(cell))
    names = ",".join("url" if place == first else f"column_{place + 1}" for place in range(len(cells)))
    hint = f"Name its columns: `columns={names}` (command: --columns {names})."
    message = "holds a URL where the names of the columns should be: this list seems to have no header row"
    return InvalidRequestError(
        f"line {number}: {message}. {hint}", [Fault(message, pointer="", line=number, hint=hint)]
    )


def _no_column(number: int, names: Sequence[str], stated: str | None, values: Sequence[str]) -> InvalidRequestError:
    if stated:
        return _missing(number, names, "url_column", stated)
    likely = next((name for name, value in zip(names, values, strict=False) if is_url(value)), None)
    message = f"the header row has no column 'url' or 'photo_image_url'; its columns are {_listed(names)}"
    shown = likely or "NAME"
    hint = f"Name the column of URLs: `url_column={shown}` (command: --url-column '{shown}')."
    return InvalidRequestError(
        f"line {number}: {message}. {hint}", [Fault(message, pointer="", line=number, hint=hint)]
    )


def _missing(number: int, names: Sequence[str], parameter: str, stated: str) -> InvalidRequestError:
    message = f"the header row has no column {stated!r} (`{parameter}`); its columns are {_listed(names)}"
    return InvalidRequestError(f"line {number}: {message}.", [Fault(message, parameter=parameter, line=number)])


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(repr(name[:_SHOWN]) for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more"
