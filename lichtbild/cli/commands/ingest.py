"""`lichtbild ingest`: send a list of image URLs or a folder of images, show the progress and the failures."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from lichtbild.cli.connection import INGEST_PATIENCE_SECONDS, api_option, collection_option, connect
from lichtbild.cli.list_faults import show_faults
from lichtbild.cli.outcome import check_outcome
from lichtbild.cli.picture_sources import find_pictures, print_ids
from lichtbild.cli.picture_upload import UploadOptions, upload_pictures
from lichtbild.cli.progress_bar import job_progress
from lichtbild.cli.summary import next_steps, show_report, summarise
from lichtbild.cli.terminal import console, write_json, write_line
from lichtbild.client import Client
from lichtbild.errors import ApiError, JobFailed, JobPaused, UnknownFormat
from lichtbild.list_options import ListOptions
from lichtbild.models import Job


@dataclass(frozen=True)
class Wanted:
    """A list to ingest, and the options."""

    source: str
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
@click.option("--prefix", default="", help="Put this before the ids of a folder's images, such as 2024/.")
@click.option("--exclude", metavar="PATTERN", multiple=True, help="Leave out these names or paths; repeatable.")
@click.option("--dry-run", is_flag=True, help="Print the ids of the images that would be sent, and send nothing.")
@click.option("--replace", is_flag=True, help="Also replace photos of the same id that are from another file.")
@click.option("--no-attributes", is_flag=True, help="Send images without path, time and size of their files.")
@click.option("--exif", is_flag=True, help="Also send when and with which camera each image was taken.")
@click.option("--gps", is_flag=True, help="Also send where each image was taken, as far as it is recorded.")
@click.option("--sync", is_flag=True, help="Delete the photos of a folder that were ingested and whose files are gone.")
@click.option("--yes", is_flag=True, help="With --sync: delete also many photos without asking.")
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
    prefix: str,
    exclude: tuple[str, ...],
    dry_run: bool,
    replace: bool,
    no_attributes: bool,
    exif: bool,
    gps: bool,
    sync: bool,
    yes: bool,
    collection: str,
    detach: bool,
    as_json: bool,
) -> None:
    """Ingest the images listed in SOURCE: a .tsv, .csv, .txt, .json or .ndjson file (also .gz), a .parquet file, the
    zip of Unsplash's dataset, or - for a list from stdin. If SOURCE is a folder or one or more images, they are
    uploaded; the id of each is its path in the folder, or its path as given. Hidden files, system folders and files
    that are no images are left out.

    A table has a header row with `url` (or `photo_image_url`) and, if the URLs are not to be the ids, `photo_id` (or
    `id`); every other column that is not empty becomes an attribute. A line of NDJSON is
    {"photo_id": …, "url": …, "attributes": {…}}; a line of a .txt file is a URL.
    """
    names = tuple(name.strip() for name in columns.split(",")) if columns else ()
    options = ListOptions(keep_going, url_column, id_column, names, encoding, unescape_urls)
    if preflight is not None and max_failed_ratio is not None:
        raise click.UsageError("--max-failed-ratio does not apply to a --preflight, which is never paused.")
    found = find_pictures(sources, limit, prefix, exclude)
    if found is not None:
        _refuse("--no-attributes excludes --exif and --gps.", is_given=no_attributes and (exif or gps))
        _refuse("--preflight is for lists of URLs, not for uploads.", is_given=preflight is not None)
        if dry_run:
            print_ids(found)
        else:
            if sync and (limit is not None or detach or found.scan is None):
                raise click.UsageError("--sync is for a whole folder: without --limit and --detach.")
            upload = UploadOptions(replace, not no_attributes, sync, yes, exif or gps, gps)
            upload_pictures(found, collection, max_failed_ratio, upload, detach=detach, as_json=as_json)
        return
    _refuse(
        "--prefix, --exclude, --dry-run, --replace, --exif, --gps and --sync are for folders, not for lists.",
        is_given=bool(prefix or exclude or dry_run or replace or sync or exif or gps),
    )
    wanted = Wanted(sources[0], limit, collection, max_failed_ratio, preflight, options)
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


def _refuse(problem: str, *, is_given: bool) -> None:
    if is_given:
        raise click.UsageError(problem)


def _watch_to_the_end(client: Client, job: Job, max_failed_ratio: float | None, *, as_json: bool) -> None:
    """Follow a job and print its summary. Exit status 1 if it paused itself, or too much of it failed."""
    try:
        with _watching_until_interrupted(job):
            ended = watch(client, job, on_stderr=as_json)
    except JobPaused as paused:
        _report(paused.job, as_json=as_json)
        click.echo(f"lichtbild: {paused}\n{next_steps(paused.job)}", err=True)
        raise click.exceptions.Exit(1) from None
    except JobFailed as failed:
        # All its items are settled, so its counts are a result.
        if failed.job.error is not None and failed.job.error.code == "too_many_failures":
            _report(failed.job, as_json=as_json)
        raise
    _report(ended, as_json=as_json)
    check_outcome(ended.progress, max_failed_ratio)


def _report(job: Job, *, as_json: bool) -> None:
    if as_json:
        write_json(job.raw)
    elif job.report:
        show_report(job)
    else:
        summarise(job)


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
    source = sys.stdin.buffer if wanted.source == "-" else wanted.source
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
