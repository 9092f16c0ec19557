"""Output of the command: styled on a terminal; in a pipe plain lines, neither cut nor coloured."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lichtbild.cli.printable import printable

_PIPE_WIDTH = 400


def console(*, on_stderr: bool = False) -> Console:
    """A new console for each call, since stdout may have been replaced."""
    stream = sys.stderr if on_stderr else sys.stdout
    width = None if stream.isatty() else _PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False)


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
    """Columns as wide as what they hold; those in `numbers` flush right, the last one cut if the terminal is narrow."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        justify: Literal["right", "left"] = "right" if column in numbers else "left"
        is_last = column == columns[-1]
        table.add_column(column, justify=justify, overflow="ellipsis" if is_last else "fold", no_wrap=is_last)
    for row in rows:
        table.add_row(*(Text(printable(cell)) for cell in row))
    output = console()
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
