"""The text that is printed once a stack is up: its address, and commands to try."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from lichtbild.cli.terminal import write_line
from lichtbild.client import DEFAULT_API


def print_introduction(api: str, data: Path, arguments: Sequence[str]) -> None:
    """Print the address, the data folder and the commands; each of `arguments` follows `lichtbild` in a command."""
    option = "" if api == DEFAULT_API else f" --api {api}"
    write_line()
    write_line(f"Lichtbild is up: {api} (readiness: {api}/readyz)", "bold")
    write_line(f"The page: open {api}/ in a browser.")
    write_line(f"Data and logs: {data.resolve()}. Ctrl-C stops everything.")
    write_line("In another terminal, try:")
    for words in arguments:
        write_line(f"  {_program()} {words}{option}")
    write_line()


def _program() -> str:
    """How to call this command: by its name if the shell finds it, else by the path that was typed."""
    typed = Path(sys.argv[0])
    return str(typed) if typed.name == "lichtbild" and shutil.which("lichtbild") is None else "lichtbild"
