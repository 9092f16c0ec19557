"""The options `--api` and `--profile`, before or after the subcommand, `--collection`, and the client they choose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from lichtbild.cli.completion import chosen_options, complete_collections, complete_profiles
from lichtbild.client import DEFAULT_COLLECTION, Client

Function = TypeVar("Function", bound=Callable[..., Any])

_API_HELP = "Address of the API; default: LICHTBILD_API, the profile in use, or http://127.0.0.1:8700."
_PROFILE_HELP = "Profile of the API (lichtbild config); default: LICHTBILD_PROFILE, or the one in use."
_PATIENCE_SECONDS = 15.0
# Longer than the Retry-After of 30 s that an API with a full backlog sends: an upload may be hours old by then.
INGEST_PATIENCE_SECONDS = 90.0

collection_option = click.option(
    "--collection", default=DEFAULT_COLLECTION, show_default=True, shell_complete=complete_collections
)


def api_option(function: Function) -> Function:
    """Add `--api` and `--profile`; of each, the last one given wins."""
    with_profile = click.option(
        "--profile",
        metavar="NAME",
        help=_PROFILE_HELP,
        expose_value=False,
        is_eager=True,
        callback=_remember,
        shell_complete=complete_profiles,
    )(function)
    return click.option("--api", metavar="URL", help=_API_HELP, expose_value=False, is_eager=True, callback=_remember)(
        with_profile
    )


def connect(patience: float = _PATIENCE_SECONDS) -> Client:
    """A client for the chosen address, once the API has answered; `patience` is in seconds. Raises Unreachable, and
    UsageError for a wrong address or profile."""
    chosen = chosen_options(click.get_current_context())
    try:
        client = Client(chosen.get("api"), patience=patience, profile=chosen.get("profile"))
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    client.health()
    return client


def _remember(context: click.Context, parameter: click.Parameter, value: str | None) -> None:
    if value is not None and parameter.name is not None:
        chosen_options(context)[parameter.name] = value
