"""Prints the bad rows of a list that the API refused."""

from __future__ import annotations

from itertools import islice

import click

from lichtbild.cli.printable import printable
from lichtbild.errors import ApiError, Fault

_SHOWN = 20


def show_faults(error: ApiError) -> None:
    """Print each fault on a line of stderr, if there are several, and how to ingest the list without its bad rows."""
    faults = [fault for fault in error.faults if fault.line is not None]
    if len(faults) > 1:
        for fault in islice(faults, _SHOWN):
            click.echo(f"lichtbild: {_described(fault)}", err=True)
        if len(faults) > _SHOWN:
            click.echo(f"lichtbild: … and {len(faults) - _SHOWN} more faults", err=True)
    if any(fault.pointer for fault in faults):
        click.echo("To ingest the other rows, and list the bad ones as failed items, add --keep-going.", err=True)


def _described(fault: Fault) -> str:
    column = f", {fault.column}" if fault.column else ""
    hint = f". {fault.hint}" if fault.hint else ""
    return printable(f"line {fault.line}{column}: {fault.message}{hint}")
