"""The rows of a table (CSV, TSV and kin), and of a plain list of URLs."""

from collections.abc import Iterator
from itertools import chain

from api.intake.lists.cells import Cells, Record
from api.intake.lists.columns import Columns, read_columns, stated_delimiter
from api.intake.lists.options import ListOptions
from api.intake.lists.row import BadRow, Place, Row
from api.intake.lists.text import Line
from api.intake.lists.values import item_of
from shared.errors import Fault, MalformedError


def read_table(lines: Iterator[Line], options: ListOptions) -> Iterator[Row]:
    """Each row after the header row. Raises InvalidRequestError or MalformedError if that cannot be read."""
    first = next((line for line in lines if line.problem or line.text.strip()), None)
    if first is None:
        return iter(())
    delimiter = stated_delimiter(first.text)
    if delimiter is not None:
        first = next(lines, Line(first.number + 1, ""))
    if first.problem:
        raise MalformedError(
            f"line {first.number} {first.problem}. {first.hint}".strip(),
            [Fault(first.problem, pointer="", line=first.number, hint=first.hint or None)],
        )
    following = next(lines, None)
    columns = read_columns(first.text, first.number, following.text if following else "", delimiter, options)
    rest = chain([] if columns.is_header else [first], [following] if following else [], lines)
    records = Cells(rest, columns.delimiter, len(columns.names), columns.url)
    return _rows(records, columns, options)


def read_urls(lines: Iterator[Line], options: ListOptions) -> Iterator[Row]:
    """One URL per line."""
    return _rows(Cells(lines, "", 1, 0), Columns(("url",), 0, None, "", is_header=False), options)


def _rows(records: Cells, columns: Columns, options: ListOptions) -> Iterator[Row]:
    attributes = columns.attributes
    for index, record in enumerate(records):
        place = Place(index, record.number)
        if record.problem:
            yield Row(place, _bad(place, record, columns))
            continue
        cells = record.cells
        yield Row(
            place,
            item_of(
                place,
                None if columns.id is None else cells[columns.id],
                cells[columns.url],
                # An empty cell is no attribute: tables have many.
                {name: cells[n] for n, name in attributes if cells[n]},
                sum(map(len, cells)),
                unescape=options.unescape_urls,
            ),
        )


def _bad(place: Place, record: Record, columns: Columns) -> BadRow:
    fault = Fault(record.problem, pointer=place.pointer, line=place.line, hint=record.hint or None)
    cells = record.cells
    return BadRow(
        place,
        "bad_row",
        [fault],
        is_syntax=True,
        photo_id=cells[columns.id] if columns.id is not None and columns.id < len(cells) else "",
        url=cells[columns.url] if columns.url < len(cells) else "",
    )
