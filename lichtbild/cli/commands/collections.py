"""`lichtbild collections`: list the collections, or delete one."""

from __future__ import annotations

import sys
from dataclasses import asdict

import click

from lichtbild.cli.collection_table import show_collections
from lichtbild.cli.completion import complete_collections
from lichtbild.cli.connection import api_option, connect
from lichtbild.cli.printable import printable
from lichtbild.cli.terminal import write_json, write_line
from lichtbild.models import Collection


@click.group()
def collections() -> None:
    """List the collections, or delete one."""


@collections.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@api_option
def list_collections(*, as_json: bool) -> None:
    """List the collections with their photos, models and indexes."""
    with connect() as client:
        found = client.collections()
    if as_json:
        write_json([asdict(collection) for collection in found])
    elif found:
        show_collections(found)
    else:
        write_line("There are no collections; the first ingest creates one.")


@collections.command()
@click.argument("name", shell_complete=complete_collections)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--detach", is_flag=True, help="Print the job's id and exit.")
@api_option
def delete(*, name: str, yes: bool, detach: bool) -> None:
    """Delete the collection NAME: all of its photos, thumbnails and vectors. Asks for the name, unless --yes is given.

    Ingests into it have to be cancelled, or to end, before.
    """
    with connect() as client:
        found = client.collection(name)
        if not yes:
            _confirm(found)
        job = client.delete_collection(name)
        if detach:
            write_line(job.id)
            return
        client.wait(job.id)
    write_line(f"{printable(name)} is deleted.")


def _confirm(collection: Collection) -> None:
    """Ask for the collection's name. Raises UsageError without a terminal, Abort for another answer."""
    if not sys.stdin.isatty():
        raise click.UsageError("Add --yes to delete a collection without a question.")
    name = printable(collection.name)
    question = f"{name} has {collection.photos:,} photos. To delete all of them, type its name"
    if click.prompt(question, err=True) != collection.name:
        write_line(f"{name} is kept.")
        raise click.Abort
