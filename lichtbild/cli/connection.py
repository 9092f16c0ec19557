"""The option `--api`, before or after the subcommand, and the client for that address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lichtbild.client import Client

Function = TypeVar("Function", bound=Callable[..., Any])

_HELP = "Address of the API; default: LICHTBILD_API, or http://127.0.0.1:8700."
_PATIENCE_SECONDS = 15.0
# Longer than the Retry-After of 30 s that an API with a full backlog sends: an upload may be hours old by then.
INGEST_PATIENCE_SECONDS = 90.0


def api_option(function: Function) -> Function:
    """Add `--api`; the last one given wins."""
    return click.option("--api", metavar="URL", help=_HELP, expose_value=False, callback=_remember)(function)


def connect(patience: float = _PATIENCE_SECONDS) -> Client:
    """A client for the chosen address, once the API has answered; `patience` is in seconds. Raises Unreachable."""
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
