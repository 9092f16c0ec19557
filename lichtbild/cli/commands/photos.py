"""`lichtbild photos`: show a stored photo, by its id or a random one, or delete it."""

from __future__ import annotations

import json
from typing import Any

import click

from lichtbild.cli.connection import api_option, collection_option, connect
from lichtbild.cli.printable import printable
from lichtbild.cli.terminal import write_json, write_line
from lichtbild.client import Client
from lichtbild.errors import NotFound
from lichtbild.models import Photo

_SHOWN_NUMBERS = 4


@click.command()
@click.argument("photo_id", metavar="[ID]", required=False)
@click.option("--random", "any_photo", is_flag=True, help="Show a random photo instead of one with an ID.")
@click.option("--embedding", is_flag=True, help="Also show the stored vector, complete with --json.")
@click.option("--delete", is_flag=True, help="Delete the photo; afterwards no search finds it.")
@collection_option
@click.option("--json", "as_json", is_flag=True, help="Print the photo as JSON.")
@api_option
def photos(
    *, photo_id: str | None, any_photo: bool, embedding: bool, delete: bool, collection: str, as_json: bool
) -> None:
    """Show the URL, the attributes and the model of the stored photo with this ID, or delete the photo."""
    if (photo_id is None) != any_photo:
        raise click.UsageError("Give the ID of a photo, or --random.")
    if delete and (photo_id is None or embedding or as_json):
        raise click.UsageError("--delete requires the ID of a photo and cannot be combined with --embedding or --json.")
    with connect() as client:
        if delete and photo_id is not None:
            _delete(client, photo_id, collection)
            return
        photo = _find(client, photo_id, collection, embedding=embedding)
    if as_json:
        write_json(_as_json(photo))
    else:
        _show(photo)


def _delete(client: Client, photo_id: str, collection: str) -> None:
    """A photo that is not stored is deleted, too: an ingest that is still running cannot store it afterwards."""
    try:
        client.photo(photo_id, collection)
        is_stored = True
    except NotFound:
        is_stored = False
    client.delete_photo(photo_id, collection)
    result = "is deleted" if is_stored else "was not stored; earlier ingests cannot store it any more"
    write_line(f"{printable(photo_id)} {result}.")


def _find(client: Client, photo_id: str | None, collection: str, *, embedding: bool) -> Photo:
    if photo_id is None:
        found = client.random_photo(collection)
        if not embedding:
            return found
        photo_id = found.photo_id
    return client.photo(photo_id, collection, embedding=embedding)


def _as_json(photo: Photo) -> dict[str, Any]:
    """In the form of the API."""
    facts = {"photo_id": photo.photo_id, "url": photo.url, "attributes": photo.attributes, "model": photo.model}
    return facts if photo.embedding is None else {**facts, "embedding": photo.embedding}


def _show(photo: Photo) -> None:
    facts = {"photo_id": photo.photo_id, "url": photo.url, "model": photo.model or ""}
    if photo.embedding is not None:
        first = ", ".join(f"{number:.4f}" for number in photo.embedding[:_SHOWN_NUMBERS])
        facts["embedding"] = f"{first}, … ({len(photo.embedding)} numbers)"
    facts |= {name: value if isinstance(value, str) else json.dumps(value) for name, value in photo.attributes.items()}
    width = max(map(len, facts)) + 2
    for name, value in facts.items():
        write_line(f"{printable(name):<{width}}{printable(value)}")
