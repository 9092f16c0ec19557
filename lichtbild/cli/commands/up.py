"""`lichtbild up`: run the whole stack on this machine until Ctrl-C."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from lichtbild.cli.embedded_extra import embedded_errors, require_embedded
from lichtbild.cli.introduction import print_introduction
from lichtbild.cli.sample_photos import draw_sample_photos, sample_cache, write_manifest

DEMO_MODEL = "demo"
_MANIFEST = "samples.ndjson"


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("lichtbild-data"),
    show_default=True,
    help="Folder for all data and logs.",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port of the API; default: 8700, or any free port if 8700 is taken."
)
@click.option("--ingest-workers", type=click.IntRange(0, 64), default=1, show_default=True)
@click.option("--search-workers", type=click.IntRange(0, 64), default=1, show_default=True)
@click.option(
    "--model",
    envvar="LICHTBILD_MODEL",
    default="openai/clip-vit-base-patch32",
    show_default=True,
    help="Hugging Face id or folder of a CLIP model, or `demo` for the included small model and its sample photos.",
)
def up(data: Path, port: int | None, ingest_workers: int, search_workers: int, model: str) -> None:
    """Run Redis, the catalogue, the workers and the API on this machine until Ctrl-C; restart any that end."""
    require_embedded()
    from embedded.stack import StackOptions, serve_stack

    samples = draw_sample_photos(sample_cache(data)) if model == DEMO_MODEL else None
    options = StackOptions(
        data=data,
        api_port=port,
        ingest_workers=ingest_workers,
        search_workers=search_workers,
        model=model,
        samples=samples,
    )
    with embedded_errors():
        serve_stack(options, lambda stack: _introduce(stack.api_url, data, samples))


def _introduce(api: str, data: Path, samples: Path | None) -> None:
    source = "photos.tsv"
    if samples is not None:
        write_manifest(samples, api, data / _MANIFEST)
        source = str(data / _MANIFEST)
    search = 'search "a man standing on the beach"'
    print_introduction(api, data, ("status", f"ingest {shlex.quote(source)}", search))
