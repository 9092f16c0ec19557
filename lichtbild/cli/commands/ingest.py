"""`lichtbild ingest`: send a list of image URLs or a folder of images, show the progress and the failures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from lichtbild.cli.connection import INGEST_PATIENCE_SECONDS, api_option, collection_option, connect
from lichtbild.cli.list_faults import show_faults
from lichtbild.cli.progress_bar import Show, counts_in_words, duration, job_progress, progress_of
from lichtbild.cli.summary import next_steps, show_failures, show_report, size, summarise
from lichtbild.cli.terminal import console, write_json, write_line
from lichtbild.cli.upload import FolderIngest, report_left_out
from lichtbild.client import Client
from lichtbild.errors import ApiError, JobPaused, UnknownFormat
from lichtbild.list_options import ListOptions
from lichtbild.models import Job, Progress
from lichtbild.uploads import SUFFIXES, Picture, pictures_in

_SUFFIXES = ", ".join(sorted(SUFFIXES))


@dataclass(frozen=True)
class Wanted:
    """The sources of an ingest and its options."""

    sources: tuple[str, ...]
    limit: int | None
    collection: str
    max_failed_ratio: float | None
    preflight: int | None
    options: ListOptions


@click.command()
@click.argument("sources", metavar="SOURCE...", nargs=-1, required=True, type=click.Path())
@click.option("--limit", type=click.IntRange(min=1), help="Send at most this many items.")
@click.option("--preflight", metavar="N", type=click.IntRange(min=1), help="Only try N random items; store nothing.")
@click.option(
    "--max-failed-ratio",
    metavar="R",
    type=click.FloatRange(min=0, max=1, max_open=True),
    help="Pause the job once more than this share of items has failed, such as 0.1, and exit with 1. 0 accepts none.",
)
@click.option("--keep-going", is_flag=True, help="Ingest a list without its bad rows, which are failed items.")
@click.option("--url-column", metavar="NAME", help="The column of the URLs, if it has another name.")
@click.option("--id-column", metavar="NAME", help="The column of the ids, if it has another name.")
@click.option("--columns", metavar="A,B,…", default="", help="The names of the columns of a list without a header row.")
@click.option("--encoding", metavar="NAME", help="The encoding of a list, such as windows-1252.")
@click.option("--unescape-urls", is_flag=True, help="Read &amp; in the URLs of a list as &.")
@collection_option
@click.option("--detach", is_flag=True, help="Print the job's id and exit.")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
@api_option
def ingest(
    *,
    sources: tuple[str, ...],
    limit: int | None,
    preflight: int | None,
    max_failed_ratio: float | None,
    keep_going: bool,
    url_column: str | None,
    id_column: str | None,
    columns: str,
    encoding: str | None,
    unescape_urls: bool,
    collection: str,
    detach: bool,
    as_json: bool,
) -> None:
    """Ingest the images listed in SOURCE: a .tsv, .csv, .txt, .json or .ndjson file (also .gz), a .parquet file, the
    zip of Unsplash's dataset, or - for a list from stdin. If SOURCE is a folder or one or more images, they are
    uploaded; the id of each is its path in the folder, or its path as given.

    A table has a header row with `url` (or `photo_image_url`) and, if the URLs are not to be the ids, `photo_id` (or
    `id`); every other column that is not empty becomes an attribute. A line of NDJSON is
    {"photo_id": …, "url": …, "attributes": {…}}; a line of a .txt file is a URL.
    """
    names = tuple(name.strip() for name in columns.split(",")) if columns else ()
    options = ListOptions(keep_going, url_column, id_column, names, encoding, unescape_urls)
    wanted = Wanted(sources, limit, collection, max_failed_ratio, preflight, options)
    if preflight is not None and max_failed_ratio is not None:
        raise click.UsageError("--max-failed-ratio does not apply to a --preflight, which is never paused.")
    pictures = _pictures(wanted)
    if pictures is not None:
        _upload(pictures[:limit], wanted, detach=detach, as_json=as_json)
        return
    with connect(INGEST_PATIENCE_SECONDS) as client:
        try:
            job = _send(client, wanted)
        except ApiError as error:
            if not as_json:
                show_faults(error)
            raise
        if detach:
            write_json(job.raw) if as_json else write_line(job.id)
        else:
            _watch_to_the_end(client, job, wanted.max_failed_ratio, as_json=as_json)


def _pictures(wanted: Wanted) -> list[Picture] | None:
    """The pictures of the sources, None if the source is a list. Raises UsageError for any other combination."""
    for source in wanted.sources:
        if source != "-" and not Path(source).exists():
            raise click.UsageError(f"There is no file {source}.")
    first = Path(wanted.sources[0])
    if len(wanted.sources) == 1 and first.is_dir():
        pictures = pictures_in(first)
        if not pictures:
            raise click.UsageError(f"There are no images in {first}. Images are files ending in {_SUFFIXES}.")
    elif all(Path(source).suffix.lower() in SUFFIXES for source in wanted.sources):
        pictures = [Picture.from_upload(source) for source in wanted.sources]
    elif len(wanted.sources) == 1:
        return None
    else:
        raise click.UsageError(f"Pass one list, one folder, or images: files ending in {_SUFFIXES}.")
    if wanted.preflight is not None:
        raise click.UsageError("--preflight is for lists of URLs, not for uploads.")
    return pictures


def _watch_to_the_end(client: Client, job: Job, max_failed_ratio: float | None, *, as_json: bool) -> None:
    """Follow a job and print its summary. Exit status 1 if it paused itself, or too much of it failed."""
    try:
        with _watching_until_interrupted(job):
            ended = watch(client, job, on_stderr=as_json)
    except JobPaused as paused:
        _report(paused.job, as_json=as_json)
        click.echo(f"lichtbild: {paused}\n{next_steps(paused.job)}", err=True)
        raise click.exceptions.Exit(1) from None
    _report(ended, as_json=as_json)
    _check_outcome(ended.progress, max_failed_ratio)


def _check_outcome(counts: Progress | None, max_failed_ratio: float | None) -> None:
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


def _report(job: Job, *, as_json: bool) -> None:
    if as_json:
        write_json(job.raw)
    elif job.report:
        show_report(job)
    else:
        summarise(job)


def _upload(pictures: list[Picture], wanted: Wanted, *, detach: bool, as_json: bool) -> None:
    """Upload pictures; their jobs are shown as one. Exit status 1 if some pictures could not be sent."""

    def print_job(job: Job) -> None:
        write_json(job.raw) if as_json else write_line(job.id)

    with connect(INGEST_PATIENCE_SECONDS) as client:
        with _progress(quiet=detach, on_stderr=as_json) as show:
            on_accepted = print_job if detach else lambda _: None
            sending = FolderIngest(client, wanted.collection, pictures, wanted.max_failed_ratio, show, on_accepted)
            with _sending_until_interrupted(sending):
                sending.send()
                if not detach:
                    sending.wait()
        if not detach:
            _summarise_folder(sending, as_json=as_json)
    if sending.left_out:
        report_left_out(sending.left_out)
        raise click.exceptions.Exit(1)
    if not detach:
        _check_outcome(sending.progress(), wanted.max_failed_ratio)


@contextmanager
def _progress(*, quiet: bool, on_stderr: bool) -> Iterator[Show]:
    if quiet:
        yield lambda _counts, _paused: None
    else:
        with progress_of(console(on_stderr=on_stderr)) as show:
            yield show


def _summarise_folder(done: FolderIngest, *, as_json: bool) -> None:
    if as_json:
        for job in done.jobs.values():
            write_json(job.raw)
        return
    counts = done.progress()
    write_line(f"{counts_in_words(counts)} in {duration(done.seconds())}, {size(counts.bytes)}")
    show_failures(counts)
    for job in done.jobs.values():
        if job.progress and job.progress.failed:
            write_line(f"List them: lichtbild jobs {job.id} --errors")


@contextmanager
def _sending_until_interrupted(sending: FolderIngest) -> Iterator[None]:
    """On Ctrl-C print the number of images sent; accepted jobs continue."""
    try:
        yield
    except KeyboardInterrupt:
        unfinished = [job.id for job in sending.jobs.values() if not job.is_final]
        # The API may have accepted the window that was being sent.
        open_window = f" ({sending.in_flight} more may have been)" if sending.in_flight else ""
        click.echo(
            f"\n{sending.accepted} of {len(sending.pictures)} images were sent{open_window}; "
            f"unfinished jobs: {len(unfinished)}.",
            err=True,
        )
        click.echo("List them: lichtbild jobs", err=True)
        raise


def watch(client: Client, job: Job, *, timeout: float | None = None, on_stderr: bool = False) -> Job:
    """Show the job's progress until it has succeeded. Raises JobFailed, JobPaused, and StillRunning after `timeout`
    seconds.
    """
    with job_progress(console(on_stderr=on_stderr)) as show:
        return client.wait(job.id, timeout, on_progress=show)


@contextmanager
def _watching_until_interrupted(job: Job) -> Iterator[None]:
    """On Ctrl-C print how to follow or cancel the job, which continues."""
    try:
        yield
    except KeyboardInterrupt:
        click.echo(f"\nJob {job.id} continues.", err=True)
        click.echo(f"Show it:   lichtbild jobs {job.id}\nCancel it: lichtbild jobs {job.id} --cancel", err=True)
        raise


def _send(client: Client, wanted: Wanted) -> Job:
    (named,) = wanted.sources
    source = sys.stdin.buffer if named == "-" else named
    ratio, tried, options = wanted.max_failed_ratio, wanted.preflight, wanted.options
    if isinstance(source, str):
        try:
            return client.ingest_file(
                source, wanted.collection, wanted.limit, max_failed_ratio=ratio, preflight=tried, options=options
            )
        except UnknownFormat as error:
            raise click.UsageError(str(error)) from None
    return client.ingest_ndjson(
        source, wanted.collection, wanted.limit, max_failed_ratio=ratio, preflight=tried, options=options
    )
