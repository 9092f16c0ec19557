"""Output of the command: styled on a terminal; in a pipe plain lines, neither cut nor coloured."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lichtbild.cli.printable import printable

_PIPE_WIDTH = 400
_COLUMN_GAP = 2
_MIN_LAST_COLUMN = 8


def console(*, on_stderr: bool = False) -> Console:
    """A new console for each call, since stdout may have been replaced."""
    stream = sys.stderr if on_stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    # With NO_COLOR rich would still send bold and dim.
    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    return Console(file=stream, width=width, color_system=colours, highlight=False, markup=False, emoji=False)


def write_line(line: str = "", style: str = "") -> None:
    """Print one line and flush."""
    output = console()
    if output.is_terminal:
        output.print(Text(line, style), soft_wrap=True)
    else:
        print(line, flush=True)


def write_json(value: Any) -> None:
    """Print one JSON document on one line."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[str] = ()) -> None:
    """Print a table; `numbers` are the columns to align right. On a narrow terminal the last column is cut, and only if
    that is not enough are the others folded: an id stays on one line, to be copied."""
    output = console()
    cells = [[Text(printable(cell)) for cell in row] for row in rows]
    first = [max(map(cell_len, [column, *(row[place].plain for row in cells)])) for place, column in enumerate(columns)]
    left_for_last = output.width - sum(first[:-1]) - _COLUMN_GAP * (len(columns) - 1)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, column in enumerate(columns):
        justify: Literal["right", "left"] = "right" if column in numbers else "left"
        is_last = place == len(columns) - 1
        whole = is_last or left_for_last >= _MIN_LAST_COLUMN
        most = max(_MIN_LAST_COLUMN, left_for_last) if is_last else None
        overflow: Literal["ellipsis", "fold"] = "ellipsis" if is_last else "fold"
        table.add_column(column, justify=justify, overflow=overflow, no_wrap=whole, max_width=most)
    for row in cells:
        table.add_row(*row)
    if output.is_terminal:
        output.print(table)
        return
    with output.capture() as captured:
        output.print(table)
    for line in captured.get().splitlines():
        print(line.rstrip(), flush=True)


@contextmanager
def step(doing: str) -> Iterator[None]:
    """Print the activity, and its duration once it is done."""
    output = console()
    started = time.monotonic()
    if output.is_interactive:
        with output.status(doing):
            yield
        write_line(f"{doing}: {time.monotonic() - started:.1f} s")
        return
    print(f"{doing}: ", end="", flush=True)
    try:
        yield
    except BaseException:
        print(flush=True)
        raise
    print(f"{time.monotonic() - started:.1f} s", flush=True)
