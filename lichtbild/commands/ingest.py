"""`lichtbild ingest`: send a list of image URLs, or a folder of images; watch how it goes, say what failed."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import click

from lichtbild.client import DEFAULT_COLLECTION, Client
from lichtbild.commands.connection import api_option, connect
from lichtbild.commands.upload import FolderIngest, tell_left_out
from lichtbild.errors import UnknownFormat
from lichtbild.models import Job, Progress
from lichtbild.progress_bar import counts_in_words, duration, job_progress, progress_of
from lichtbild.terminal import console, say, say_json
from lichtbild.uploads import pictures_in

_COUNTED_FAILURES = 20_000


@click.command()
@click.argument("source")
@click.option("--limit", type=click.IntRange(min=1), help="Send at most this many items.")
@click.option("--collection", default=DEFAULT_COLLECTION, show_default=True)
@click.option("--detach", is_flag=True, help="Print the job's id and leave.")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
@api_option
def ingest(source: str, limit: int | None, collection: str, detach: bool, as_json: bool) -> None:
    """Ingest the images listed in SOURCE: a .tsv, .csv or .ndjson file (also .gz), the zip of Unsplash's dataset, or -
    for NDJSON from stdin; or the images in SOURCE, if that is a folder: they are uploaded, and their paths in it become
    their ids.

    A table has a header row with `id` (or `photo_id`) and `url` (or `photo_image_url`); every other column becomes an
    attribute where it is not empty. A line of NDJSON is {"id": …, "url": …, "attributes": {…}}.
    """
    if Path(source).is_dir():
        _ingest_folder(Path(source), limit, collection, detach=detach, as_json=as_json)
        return
    if source != "-" and not Path(source).is_file():
        raise click.UsageError(f"There is no file {source}.")
    with connect() as client:
        job = _send(client, source, limit, collection)
        if detach:
            say_json(job.raw) if as_json else say(job.id)
            return
        with _staying_behind(job):
            ended = watch(client, job, on_stderr=as_json)
        if as_json:
            say_json(ended.raw)
        else:
            summarise(client, ended)


def _ingest_folder(folder: Path, limit: int | None, collection: str, *, detach: bool, as_json: bool) -> None:
    """Several jobs, shown as one. Exit status 1 if some pictures could not be sent."""
    pictures = pictures_in(folder)[:limit]
    if not pictures:
        raise click.UsageError(f"There are no images in {folder}.")

    def tell(job: Job) -> None:
        say_json(job.raw) if as_json else say(job.id)

    with connect() as client:
        with _progress(quiet=detach, on_stderr=as_json) as show:
            sending = FolderIngest(client, collection, pictures, show, tell if detach else lambda _: None)
            with _all_staying_behind(sending):
                sending.send()
                if not detach:
                    sending.wait()
        if not detach:
            _summarise_folder(sending, as_json=as_json)
    if sending.left_out:
        tell_left_out(sending.left_out)
        raise click.exceptions.Exit(1)


@contextmanager
def _progress(*, quiet: bool, on_stderr: bool) -> Iterator[Callable[[Progress], None]]:
    if quiet:
        yield lambda _: None
    else:
        with progress_of(console(on_stderr=on_stderr)) as show:
            yield show


def _summarise_folder(done: FolderIngest, *, as_json: bool) -> None:
    if as_json:
        for job in done.jobs.values():
            say_json(job.raw)
        return
    counts = done.progress()
    say(f"{counts_in_words(counts)} in {duration(done.seconds())}, {_megabytes(counts.bytes)}")
    for code, count in done.failure_codes(_COUNTED_FAILURES).most_common():
        say(f"{count:8}  {code}")
    for job in done.jobs.values():
        if job.progress and job.progress.failed:
            say(f"List them: lichtbild jobs {job.id} --errors")


@contextmanager
def _all_staying_behind(sending: FolderIngest) -> Iterator[None]:
    """Ctrl-C ends the sending; what was accepted goes on."""
    try:
        yield
    except KeyboardInterrupt:
        going_on = [job.id for job in sending.jobs.values() if not job.is_final]
        sent = sum(job.progress.total for job in sending.jobs.values() if job.progress)
        click.echo(f"\n{sent} of {len(sending.pictures)} images were sent; jobs going on: {len(going_on)}.", err=True)
        click.echo("Look at them: lichtbild jobs", err=True)
        raise


def watch(client: Client, job: Job, *, timeout: float | None = None, on_stderr: bool = False) -> Job:
    """Show the job's progress until it has succeeded. Raises JobFailed, and StillRunning after `timeout` seconds."""
    with job_progress(console(on_stderr=on_stderr)) as show:
        return client.wait(job.id, timeout, on_progress=show)


def summarise(client: Client, job: Job) -> None:
    """The counts of a job that has ended, and what failed in it, by code."""
    counts = job.progress
    if counts is None:
        return
    took = (job.finished_at - job.started_at).total_seconds() if job.finished_at and job.started_at else 0.0
    say(f"{counts_in_words(counts)} in {duration(took)} ({counts.items_per_second:.0f}/s), {_megabytes(counts.bytes)}")
    if counts.failed:
        codes = Counter(item.code for item in islice(client.iter_errors(job.id), _COUNTED_FAILURES))
        for code, count in codes.most_common():
            say(f"{count:8}  {code}")
        say(f"List them: lichtbild jobs {job.id} --errors")


@contextmanager
def _staying_behind(job: Job) -> Iterator[None]:
    """Ctrl-C ends the watching, not the job: say so."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\nJob {job.id} goes on without you.", err=True)
        click.echo(f"Look at it: lichtbild jobs {job.id}\nCancel it:  lichtbild jobs {job.id} --cancel", err=True)
        raise


def _send(client: Client, source: str, limit: int | None, collection: str) -> Job:
    if source == "-":
        return client.ingest_ndjson(sys.stdin.buffer, collection, limit)
    try:
        return client.ingest_file(source, collection, limit)
    except UnknownFormat as error:
        raise click.UsageError(str(error)) from None


def _megabytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB"
