"""`lichtbild search`: find photos by text, by image, or by both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from PIL import Image

from lichtbild.cli.completion import complete_jobs
from lichtbild.cli.connection import api_option, collection_option, connect
from lichtbild.cli.contact_sheet import SheetRow, draw_contact_sheet, undrawable_letters
from lichtbild.cli.pictures import fetch_pictures, open_picture
from lichtbild.cli.search_output import DEFAULT_COLUMNS, sheet_hits, show_hits, show_took
from lichtbild.cli.terminal import write_json
from lichtbild.client import Client

_SHOWN_LETTERS = 20


@click.command()
@click.argument("text", required=False)
@click.option("--image", metavar="PATH|URL", type=click.Path(), help="Search by this image.")
@click.option("--photo", "photo_id", metavar="ID", help="Search by this stored photo.")
@click.option("-k", "--top-k", type=click.IntRange(1, 1000), default=5, show_default=True, help="Number of hits.")
@click.option("--offset", type=click.IntRange(0), default=0, show_default=True, help="Number of hits to skip.")
@click.option(
    "--filter", "condition", metavar="JSON", help='Condition on attributes, such as {"width": {"gte": 2000}}.'
)
@click.option("--max-distance", type=click.FloatRange(0, 2), help="Leave out hits beyond this distance.")
@click.option(
    "--group",
    "group_distance",
    type=click.FloatRange(0, 2),
    help="Fold hits within this distance of a better hit into it.",
)
@click.option("--exact", is_flag=True, help="Scan all photos even if there is an index.")
@click.option(
    "--after",
    "after_job",
    metavar="JOB",
    help="Search once this ingest or deletion has ended.",
    shell_complete=complete_jobs,
)
@click.option(
    "--columns",
    metavar="NAME,…",
    help=f"Columns of the table: {', '.join(DEFAULT_COLUMNS)}, url, or the name of an attribute.",
)
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Write a contact sheet of the hits.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@collection_option
@click.option(
    "--timeout", type=click.FloatRange(min=0.1), default=30.0, show_default=True, help="Seconds to wait for the result."
)
@api_option
def search(
    *,
    text: str | None,
    image: str | None,
    photo_id: str | None,
    top_k: int,
    offset: int,
    condition: str | None,
    max_distance: float | None,
    group_distance: float | None,
    exact: bool,
    after_job: str | None,
    columns: str | None,
    save: Path | None,
    as_json: bool,
    collection: str,
    timeout: float,
) -> None:
    """Find the photos nearest to TEXT, to an image, to a stored photo, or to a combination of them."""
    if text is None and image is None and photo_id is None:
        raise click.UsageError("Give a TEXT, --image or --photo.")
    _check(image, save)
    wanted = _filter(condition)
    with connect() as client:
        result = client.search(
            text,
            image,
            photo_id,
            top_k=top_k,
            offset=offset,
            filter=wanted,
            max_distance=max_distance,
            group_distance=group_distance,
            exact=exact,
            after_job=after_job,
            collection=collection,
            timeout=timeout,
        )
        if as_json:
            write_json(result.raw)
        else:
            show_hits(result, offset, _columns(columns))
            show_took(result)
        if save is not None:
            picture = _query_picture(client, image, photo_id, collection)
            rows = [SheetRow(sheet_hits(result), text, picture, _label(image, photo_id))]
            draw_contact_sheet(rows).save(save)
            _report_undrawable(rows)
            click.echo(f"Contact sheet: {save}", err=as_json)


def _check(image: str | None, save: Path | None) -> None:
    """Refuse wrong arguments before anything is sent. Raises UsageError."""
    if image is not None and not _is_url(image) and not Path(image).is_file():
        raise click.UsageError(f"There is no file {image}.")
    if save is None:
        return
    if save.suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise click.UsageError(f"{save}: a contact sheet is a .png, .jpg or .webp.")
    if not save.parent.is_dir():
        raise click.UsageError(f"There is no folder {save.parent}.")


def _columns(names: str | None) -> Sequence[str]:
    """Raises UsageError if none is named."""
    if names is None:
        return DEFAULT_COLUMNS
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    if not chosen:
        raise click.UsageError("--columns names no column.")
    return chosen


def _report_undrawable(rows: Sequence[SheetRow]) -> None:
    """Letters that no font has are drawn as boxes: stderr says which, and what helps."""
    letters = undrawable_letters(rows)
    if letters:
        shown = letters if len(letters) <= _SHOWN_LETTERS else f"{letters[:_SHOWN_LETTERS]}…"
        click.echo(f"lichtbild: no font on this machine has {shown}; install one, such as Noto Sans CJK.", err=True)


def _filter(condition: str | None) -> dict[str, Any] | None:
    """Parse the filter; the API checks its meaning. Raises UsageError."""
    if condition is None:
        return None
    try:
        parsed = json.loads(condition)
    except ValueError as error:
        raise click.UsageError(f"--filter is not valid JSON: {error}.") from None
    if not isinstance(parsed, dict):
        raise click.UsageError('--filter must be an object such as {"width": {"gte": 2000}}.')
    return parsed


def _query_picture(client: Client, image: str | None, photo_id: str | None, collection: str) -> Image.Image | None:
    if image is not None:
        return fetch_pictures([image])[0].picture if _is_url(image) else open_picture(Path(image).read_bytes())
    if photo_id is not None:
        return fetch_pictures([client.photo(photo_id, collection).url])[0].picture
    return None


def _label(image: str | None, photo_id: str | None) -> str:
    given = photo_id if image is None else image
    return "" if given is None else given.rsplit("/", maxsplit=1)[-1]


def _is_url(image: str) -> bool:
    return image.lower().startswith(("http://", "https://"))
