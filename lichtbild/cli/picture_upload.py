"""Uploads pictures, shows their jobs as one, and prints the summary."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click

from lichtbild.cli.connection import INGEST_PATIENCE_SECONDS, connect
from lichtbild.cli.file_attributes import file_attributes
from lichtbild.cli.folder_record import FolderRecord
from lichtbild.cli.known_pictures import KnownPictures
from lichtbild.cli.outcome import check_outcome
from lichtbild.cli.picture_sources import Pictures, report_scan
from lichtbild.cli.progress_bar import Show, counts_in_words, duration, progress_of
from lichtbild.cli.summary import show_failures, size
from lichtbild.cli.terminal import console, write_json, write_line
from lichtbild.cli.upload import Describe, FolderIngest, report_left_out
from lichtbild.folder import FolderScan
from lichtbild.models import Job
from lichtbild.uploads import Picture


@dataclass(frozen=True)
class UploadOptions:
    """`replace`: also replace photos that belong to other files. `attributes`: send those of each file. `sync`: delete
    the photos of the folder whose files are gone, without a confirmation if `is_sure`. `exif`: also time and camera;
    `gps`: also the position.
    """

    replace: bool = False
    attributes: bool = True
    sync: bool = False
    is_sure: bool = False
    exif: bool = False
    gps: bool = False

    def describe(self, scan: FolderScan | None) -> Describe:
        """What makes a picture's attributes. Its path is its id, in a folder without the prefix."""
        prefix = scan.prefix if scan else ""
        return lambda photo_id, file, content: file_attributes(
            file, photo_id.removeprefix(prefix), content, exif=self.exif, gps=self.gps
        )


def upload_pictures(
    found: Pictures,
    collection: str,
    max_failed_ratio: float | None,
    options: UploadOptions,
    *,
    detach: bool,
    as_json: bool,
) -> None:
    """Upload pictures, except for those that are stored already. Exit status 1 if some could not be read or sent."""

    def print_job(job: Job) -> None:
        write_json(job.raw) if as_json else write_line(job.id)

    ids: list[str] = []
    name = _job_name(found)
    with connect(INGEST_PATIENCE_SECONDS) as client:
        with _progress(quiet=detach, on_stderr=as_json) as show:
            on_accepted = print_job if detach else lambda _: None
            sending = FolderIngest(
                client,
                collection,
                _noted(found.pictures, ids),
                found.expected,
                max_failed_ratio,
                show,
                KnownPictures(client, collection, options.replace),
                name,
                options.describe(found.scan) if options.attributes else None,
                on_accepted,
            )
            with _sending_until_interrupted(sending):
                sending.send()
                if not detach:
                    sending.wait()
        if not detach:
            _summarise(sending, as_json=as_json)
        if found.scan:
            record = FolderRecord(client, collection, found.scan)
            _keep(record, [photo_id for photo_id in ids if photo_id not in sending.left_out])
            if options.sync:
                _sync(record, set(ids), found.scan, is_sure=options.is_sure)
    report_scan(found.scan)
    report_left_out(sending.left_out)
    if sending.left_out or (found.scan and found.scan.unreadable):
        raise click.exceptions.Exit(1)
    if not detach:
        check_outcome(sending.progress(), max_failed_ratio)


def _noted(pictures: Iterator[Picture], ids: list[str]) -> Iterator[Picture]:
    """The pictures; their ids are appended to `ids`."""
    for picture in pictures:
        ids.append(picture.id)
        yield picture


def _job_name(found: Pictures) -> str:
    """One name for all jobs of one call, by which they are listed and cancelled together."""
    folder = re.sub(r"[^\w.-]+", "-", found.scan.folder.resolve().name)[:40] if found.scan else "images"
    return f"{folder or 'folder'}-{secrets.token_hex(4)}"


def _keep(record: FolderRecord, ids: list[str]) -> None:
    try:
        record.add(ids)
    except OSError as error:
        click.echo(f"lichtbild: --sync will not know these images: {error}", err=True)


def _sync(record: FolderRecord, ids: set[str], scan: FolderScan, *, is_sure: bool) -> None:
    """Delete the photos whose files are gone, and print how many. Nothing is deleted if parts could not be read."""
    if scan.unreadable:
        click.echo("lichtbild: Nothing is deleted, because a part of the folder could not be read.", err=True)
        return
    count = record.delete_gone(ids, is_sure=is_sure)
    click.echo(f"lichtbild: {count} photos deleted whose files are gone.", err=True)


@contextmanager
def _progress(*, quiet: bool, on_stderr: bool) -> Iterator[Show]:
    if quiet:
        yield lambda _counts, _paused: None
    else:
        with progress_of(console(on_stderr=on_stderr)) as show:
            yield show


def _summarise(done: FolderIngest, *, as_json: bool) -> None:
    if as_json:
        for job in done.jobs.values():
            write_json(job.raw)
        return
    counts = done.progress()
    write_line(f"{counts_in_words(counts)} in {duration(done.seconds())}, {size(counts.bytes)}")
    if done.known.replaced:
        write_line(f"{done.known.replaced:8}  of them replace another image of the same id")
    show_failures(counts)
    failed = [job for job in done.jobs.values() if job.progress and job.progress.failed]
    if len(failed) == 1:
        write_line(f"List them: lichtbild jobs {failed[0].id} --errors")
    elif failed:
        write_line(f"List them: lichtbild jobs --name {done.name} --errors")


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
            f"\n{sending.accepted} of {sending.total()} images were sent{open_window}; "
            f"unfinished jobs: {len(unfinished)}.",
            err=True,
        )
        click.echo(f"List them: lichtbild jobs --name {sending.name}", err=True)
        click.echo(f"Cancel them: lichtbild jobs --name {sending.name} --cancel", err=True)
        raise
