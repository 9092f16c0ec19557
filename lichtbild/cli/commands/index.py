"""`lichtbild index`: build, drop and look at a collection's vector index."""

from __future__ import annotations

from dataclasses import asdict

import click

from lichtbild.cli.connection import api_option, connect
from lichtbild.cli.printable import printable
from lichtbild.cli.terminal import say, say_json
from lichtbild.client import DEFAULT_COLLECTION
from lichtbild.models import Collection

_collection_option = click.option("--collection", default=DEFAULT_COLLECTION, show_default=True)


@click.group()
def index() -> None:
    """Build, drop or look at a collection's vector index. Searches find the same without one, but more slowly."""


@index.command()
@_collection_option
@click.option("--detach", is_flag=True, help="Print the job's id and leave.")
@api_option
def build(*, collection: str, detach: bool) -> None:
    """Build the index, or have it cover the photos that came since. Searches and ingests go on meanwhile."""
    with connect() as client:
        job = client.build_index(collection)
        if detach:
            say(job.id)
            return
        client.wait(job.id)
        _show(client.collection(collection))


@index.command()
@_collection_option
@api_option
def drop(*, collection: str) -> None:
    """Drop the index. It is not built again until somebody asks for it."""
    with connect() as client:
        client.wait(client.drop_index(collection).id)
        _show(client.collection(collection))


@index.command()
@_collection_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@api_option
def status(*, collection: str, as_json: bool) -> None:
    """Show whether there is an index, and how many photos it covers."""
    with connect() as client:
        found = client.collection(collection)
    if as_json:
        say_json(asdict(found.index))
    else:
        _show(found)


def _show(collection: Collection) -> None:
    index, name = collection.index, printable(collection.name)
    if index.status == "none":
        say(f"{name} has no index: searches scan its {collection.rows:,} photos.")
        return
    # Rows that were replaced are counted until the server merges them away.
    covered = min(index.rows, collection.rows)
    reason = f": {printable(index.reason)}" if index.reason else ""
    say(f"The index of {name} ({index.type}) is {_STATES[index.status]}{reason}")
    say(f"  covers {covered:,} of {collection.rows:,} photos; the others are scanned")


_STATES = {"building": "being built", "built": "built", "error": "not built"}
