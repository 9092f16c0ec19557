"""Completes collections, jobs and profiles, which only the API or the config knows; nothing if it does not answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

from lichtbild.client import Client
from lichtbild.errors import LichtbildError
from lichtbild.models import Kind
from lichtbild.profiles import config_path, read_config

# People wait for a completion: seconds, and the newest jobs.
_TIMEOUT = 1.0
_JOBS = 50

Complete = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def chosen_options(context: click.Context) -> dict[str, str]:
    """The values of `--api` and `--profile` so far, before or after the subcommand."""
    chosen: dict[str, str] = context.find_root().ensure_object(dict)
    return chosen


def complete_collections(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The names of the collections."""
    return _asked(context, begun, lambda client: [(found.name, "") for found in client.collections()])


def complete_jobs(context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The ids of the newest jobs of the chosen kind, with their status."""
    kind: Kind = context.params.get("kind") or "ingest"
    return _asked(context, begun, lambda client: [(job.id, job.status) for job in client.jobs(kind, _JOBS)])


def complete_profiles(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """The names of the profiles."""
    try:
        return _beginning(begun, [(name, found.api) for name, found in read_config(config_path()).profiles.items()])
    except LichtbildError:
        return []


def _asked(
    context: click.Context, begun: str, ask: Callable[[Client], Iterable[tuple[str, str]]]
) -> list[CompletionItem]:
    chosen = chosen_options(context)
    try:
        with Client(chosen.get("api"), profile=chosen.get("profile"), timeout=_TIMEOUT, patience=0) as client:
            return _beginning(begun, ask(client))
    except (LichtbildError, ValueError):
        return []


def _beginning(begun: str, found: Iterable[tuple[str, str]]) -> list[CompletionItem]:
    return [CompletionItem(value, help=note or None) for value, note in found if value.startswith(begun)]
