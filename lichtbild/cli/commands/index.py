"""`lichtbild index`: build, drop or show a collection's vector index."""

from __future__ import annotations

from dataclasses import asdict

import click

from lichtbild.cli.connection import api_option, collection_option, connect
from lichtbild.cli.printable import printable
from lichtbild.cli.terminal import write_json, write_line
from lichtbild.models import Collection


@click.group()
def index() -> None:
    """Build, drop or show a collection's vector index. Searches also work without one, but take longer."""


@index.command()
@collection_option
@click.option("--detach", is_flag=True, help="Print the job's id and exit.")
@api_option
def build(*, collection: str, detach: bool) -> None:
    """Build the index, or extend it to newer photos. Searches and ingests continue meanwhile."""
    with connect() as client:
        job = client.build_index(collection)
        if detach:
            write_line(job.id)
            return
        client.wait(job.id)
        _show(client.collection(collection))


@index.command()
@collection_option
@api_option
def drop(*, collection: str) -> None:
    """Drop the index. It is built again only on request."""
    with connect() as client:
        client.wait(client.drop_index(collection).id)
        _show(client.collection(collection))


@index.command()
@collection_option
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@api_option
def status(*, collection: str, as_json: bool) -> None:
    """Show the state of the index and the number of photos that it covers."""
    with connect() as client:
        found = client.collection(collection)
    if as_json:
        write_json(asdict(found.index))
    else:
        _show(found)


def _show(collection: Collection) -> None:
    index, name = collection.index, printable(collection.name)
    if index.status == "none":
        write_line(f"{name} has no index: searches scan its {collection.photos:,} photos.")
        return
    # Replaced rows are counted until the server merges them.
    covered = min(index.photos, collection.photos)
    reason = f": {printable(index.reason)}" if index.reason else ""
    write_line(f"The index of {name} ({index.type}) is {_STATES[index.status]}{reason}")
    write_line(f"  covers {covered:,} of {collection.photos:,} photos; the others are scanned")


_STATES = {"building": "being built", "built": "built", "error": "not built"}
