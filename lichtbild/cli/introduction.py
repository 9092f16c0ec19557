"""What is said once a stack is up and stays: where it is, and what to try."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from lichtbild.cli.terminal import say
from lichtbild.client import DEFAULT_API


def introduce(api: str, data: Path, arguments: Sequence[str]) -> None:
    """`arguments` are those of `lichtbild` in the commands to try."""
    option = "" if api == DEFAULT_API else f" --api {api}"
    say()
    say(f"Lichtbild is up: {api} (is it well? {api}/readyz)", "bold")
    say(f"Data and logs: {data.resolve()}. Ctrl-C stops everything.")
    say("In another terminal, try:")
    for words in arguments:
        say(f"  {_program()} {words}{option}")
    say()


def _program() -> str:
    """What to type for this very command: its name where the shell would find it, else the path that was typed."""
    typed = Path(sys.argv[0])
    return str(typed) if typed.name == "lichtbild" and shutil.which("lichtbild") is None else "lichtbild"
