"""`lichtbild status`: can jobs be done, and what is stored?"""

from __future__ import annotations

from dataclasses import asdict

import click

from lichtbild.commands.connection import api_option, connect
from lichtbild.terminal import say, say_json, show_table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@api_option
def status(as_json: bool) -> None:
    """Show whether Lichtbild is ready, and its collections. Exit status 1 if it is not ready."""
    with connect() as client:
        readiness = client.ready()
        collections = client.collections() if readiness.checks.get("catalogue") else []
        if as_json:
            stored = [asdict(collection) for collection in collections]
            say_json({"api": client.api, **asdict(readiness), "collections": stored})
        else:
            say(f"{client.api} is {'ready' if readiness.ready else 'not ready'}")
            for name, works in readiness.checks.items():
                say(f"  {name:<16}{'ok' if works else 'missing'}", "" if works else "bold red")
            if collections:
                say()
                rows = [(found.name, str(found.rows), found.model, str(found.dimension)) for found in collections]
                show_table(("collection", "photos", "model", "dimension"), rows, numbers=("photos", "dimension"))
    if not readiness.ready:
        raise click.exceptions.Exit(1)
