"""The exit status of an ingest by its counts."""

from __future__ import annotations

import click

from lichtbild.models import Progress


def check_outcome(counts: Progress | None, max_failed_ratio: float | None) -> None:
    """Exit status 1 if every item failed, or more than the accepted ratio, so that a scheduled ingest notices. The API
    pauses a job by that ratio only if it has many items, and some that no worker holds."""
    if counts is None or not counts.failed:
        return
    if max_failed_ratio is not None and counts.failed > max_failed_ratio * counts.total:
        click.echo(
            f"lichtbild: {counts.failed} of {counts.total} failed, more than --max-failed-ratio {max_failed_ratio:g}.",
            err=True,
        )
        raise click.exceptions.Exit(1)
    if counts.failed == counts.total:
        raise click.exceptions.Exit(1)
