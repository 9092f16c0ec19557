"""`--api`, before or after the subcommand, and the client that it leads to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lichtbild.client import Client

Function = TypeVar("Function", bound=Callable[..., Any])

_HELP = "Address of the API; also LICHTBILD_API. Without either: http://127.0.0.1:8700."
_PATIENCE_SECONDS = 15.0
# An ingest may have taken hours to come so far, and an API with a full backlog says to come back in half a minute.
INGEST_PATIENCE_SECONDS = 90.0


def api_option(function: Function) -> Function:
    """Adds `--api`; of several, the last one given counts."""
    return click.option("--api", metavar="URL", help=_HELP, expose_value=False, callback=_remember)(function)


def connect(patience: float = _PATIENCE_SECONDS) -> Client:
    """A client for the chosen address, known to answer; `patience` is in seconds. Raises Unreachable."""
    try:
        client = Client(_chosen().get("api"), patience=patience)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    client.health()
    return client


def _remember(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        _chosen()["api"] = value


def _chosen() -> dict[str, str]:
    chosen: dict[str, str] = click.get_current_context().find_root().ensure_object(dict)
    return chosen
