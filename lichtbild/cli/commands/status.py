"""`lichtbild status`: readiness, workers, backlog and collections."""

from __future__ import annotations

from dataclasses import asdict

import click

from lichtbild.cli.collection_table import show_collections
from lichtbild.cli.connection import api_option, connect
from lichtbild.cli.printable import printable
from lichtbild.cli.terminal import show_table, write_json, write_line
from lichtbild.models import Collection, Readiness, Worker


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@api_option
def status(as_json: bool) -> None:
    """Show readiness, workers, backlog and collections. Exit status 1 if Lichtbild is not ready."""
    with connect() as client:
        readiness = client.ready()
        collections = client.collections() if readiness.checks.get("catalogue") else []
        if as_json:
            stored = [asdict(collection) for collection in collections]
            write_json({"api": client.api, **asdict(readiness), "collections": stored})
        else:
            _show(client.api, readiness, collections)
    if not readiness.ready:
        raise click.exceptions.Exit(1)


def _show(api: str, readiness: Readiness, collections: list[Collection]) -> None:
    write_line(f"{api} is {'ready' if readiness.ready else 'not ready'}")
    for name, works in readiness.checks.items():
        write_line(f"  {name:<16}{'ok' if works else 'missing'}", "" if works else "bold red")
    if readiness.waits_for:
        write_line(f"  {'ingest':<16}waits: {printable(readiness.waits_for)}", "bold red")
    if readiness.backlog:
        waiting = f"ingest: {readiness.backlog.items} items, search: {readiness.backlog.searches}"
        write_line(f"  {'waiting':<16}{waiting}")
    if readiness.workers:
        write_line()
        workers = [
            (worker.name, worker.queue, _rate(worker), _memory(worker), worker.device, worker.model)
            for worker in readiness.workers
        ]
        show_table(("worker", "queue", "per s", "memory", "device", "model"), workers, numbers=("per s", "memory"))
    if collections:
        write_line()
        show_collections(collections)


def _rate(worker: Worker) -> str:
    return "" if worker.encoded_per_second is None else f"{worker.encoded_per_second:,.1f}"


def _memory(worker: Worker) -> str:
    return "" if worker.memory_bytes is None else f"{worker.memory_bytes / 2**20:,.0f} MiB"
