"""From lines to the cells of a table, by one rule for quotation marks.

A cell that begins with a quotation mark ends at the next single one (RFC 4180) and may hold delimiters and line breaks.
Where that cannot be, a tab-separated row is taken literally, since most such lists have no quoting; any other row is
bad. A quoted cell never swallows a line that is a row by itself, so no row disappears without a word.
"""

import csv
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from api.intake.lists.text import Line

QUOTE = '"'
# A record of more lines or characters cannot be an item: attributes have at most 64 KB.
_MAX_RECORD_LINES = 1000
_MAX_RECORD_CHARACTERS = 128 * 1024
_NOT_CLOSED = "a cell begins with a quotation mark, and the cell does not end at the next single one"
_QUOTE_HINT = 'Write a quotation mark inside a quoted cell as "".'


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its first line's number, and its cells or a problem."""

    number: int
    cells: list[str]
    problem: str = ""
    hint: str = ""


class Cells:
    """The rows of a table after its header: `width` columns, of which `url` (from 0) holds URLs.

    `delimiter` is empty for a table of one column, whose lines are not divided.
    """

    def __init__(self, lines: Iterator[Line], delimiter: str, width: int, url: int) -> None:
        self._lines = lines
        self._delimiter = delimiter
        self._width = width
        self._url = url
        self._ahead: deque[Line] = deque()
        # Lines up to this number were searched for the end of a record before, without success.
        self._searched = 0

    def __iter__(self) -> Iterator[Record]:
        delimiter = self._delimiter
        while line := self._next():
            text = line.text
            if line.problem:
                yield Record(line.number, [], line.problem, line.hint)
            elif not text.strip(f"{delimiter} \t"):
                # An empty row, which Excel writes as delimiters alone.
                continue
            elif QUOTE in text:
                yield self._quoted(line)
            else:
                yield self._checked(line.number, text.split(delimiter) if delimiter else [text])

    def _next(self) -> Line | None:
        return self._ahead.popleft() if self._ahead else next(self._lines, None)

    def _quoted(self, line: Line) -> Record:
        cells, is_open = parse(line.text, self._delimiter)
        if is_open:
            cells = self._continued(line)
        if cells is not None and len(cells) == self._width:
            return Record(line.number, cells)
        if self._delimiter == "\t":
            return self._checked(line.number, line.text.split("\t"))
        if cells is None:
            return Record(line.number, [], _NOT_CLOSED, _QUOTE_HINT)
        return self._checked(line.number, cells)

    def _checked(self, number: int, cells: list[str]) -> Record:
        """Cells beyond the header are dropped if they are empty: spreadsheets write them."""
        width = self._width
        if len(cells) == width:
            return Record(number, cells)
        if len(cells) > width and not any(cells[width:]):
            return Record(number, cells[:width])
        return Record(number, cells, f"has {len(cells)} fields, the header has {width}")

    def _continued(self, first: Line) -> list[str] | None:
        """The cells of a record that continues on further lines; None, with these lines put back, if it does not."""
        if first.number <= self._searched:
            return None
        joined, taken = first.text, list[Line]()
        while len(taken) < _MAX_RECORD_LINES and len(joined) < _MAX_RECORD_CHARACTERS:
            line = self._next()
            if line is None:
                break
            taken.append(line)
            if line.problem or self._is_row(line.text):
                break
            joined += f"\n{line.text}"
            if QUOTE not in line.text:
                continue
            cells, is_open = parse(joined, self._delimiter)
            if is_open:
                continue
            if cells is None or len(cells) != self._width or (self._fits(first.text) and self._fits(line.text)):
                break
            return cells
        else:
            # Without this, a hostile list could make every line search as far again.
            self._searched = taken[-1].number
        self._ahead.extendleft(reversed(taken))
        return None

    def _is_row(self, text: str) -> bool:
        """Whether a line is a row by itself, with a URL in its place and no stray quotation mark."""
        if QUOTE not in text:
            return self._fits(text)
        cells, _ = parse(text, self._delimiter)
        return cells is not None and not any(QUOTE in cell for cell in cells) and self._has_url(cells)

    def _fits(self, text: str) -> bool:
        """Whether a line taken literally has the columns of a row."""
        return self._has_url(text.split(self._delimiter) if self._delimiter else [text])

    def _has_url(self, cells: list[str]) -> bool:
        return len(cells) == self._width and is_url(cells[self._url])


def parse(text: str, delimiter: str) -> tuple[list[str] | None, bool]:
    """The cells of a line by RFC 4180, None if it breaks that rule; and whether a quoted cell is still open."""
    try:
        return next(csv.reader([text], delimiter=delimiter or "\x00", strict=True)), False
    except csv.Error as error:
        return None, "unexpected end" in str(error)


def is_url(cell: str) -> bool:
    """Whether a cell looks like a web address."""
    return cell.strip(' \t"').lower().startswith(("http://", "https://"))
