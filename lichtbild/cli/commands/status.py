"""`lichtbild status`: can jobs be done, by whom, how much waits, and what is stored?"""

from __future__ import annotations

from dataclasses import asdict

import click

from lichtbild.cli.connection import api_option, connect
from lichtbild.cli.terminal import say, say_json, show_table
from lichtbild.models import Collection, Readiness


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@api_option
def status(as_json: bool) -> None:
    """Show whether Lichtbild is ready, its workers, what waits, and its collections. Exit status 1 if not ready."""
    with connect() as client:
        readiness = client.ready()
        collections = client.collections() if readiness.checks.get("catalogue") else []
        if as_json:
            stored = [asdict(collection) for collection in collections]
            say_json({"api": client.api, **asdict(readiness), "collections": stored})
        else:
            _show(client.api, readiness, collections)
    if not readiness.ready:
        raise click.exceptions.Exit(1)


def _show(api: str, readiness: Readiness, collections: list[Collection]) -> None:
    say(f"{api} is {'ready' if readiness.ready else 'not ready'}")
    for name, works in readiness.checks.items():
        say(f"  {name:<16}{'ok' if works else 'missing'}", "" if works else "bold red")
    if readiness.backlog:
        waiting = f"ingest: {readiness.backlog.items} items, search: {readiness.backlog.searches}"
        say(f"  {'waiting':<16}{waiting}")
    if readiness.workers:
        say()
        workers = [(worker.name, worker.queue, worker.model) for worker in readiness.workers]
        show_table(("worker", "queue", "model"), workers)
    if collections:
        say()
        rows = [
            (found.name, str(found.rows), found.model, str(found.dimension), found.index.status)
            for found in collections
        ]
        show_table(("collection", "photos", "model", "dimension", "index"), rows, numbers=("photos", "dimension"))
