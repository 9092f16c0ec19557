"""From the arguments of `lichtbild ingest` to pictures: of a folder, or given one by one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import click

from lichtbild.cli.printable import printable
from lichtbild.cli.terminal import write_line
from lichtbild.folder import FolderScan, left_out_in_words
from lichtbild.uploads import SUFFIXES, Picture

_SUFFIXES = ", ".join(sorted(SUFFIXES))


@dataclass(frozen=True)
class Pictures:
    """Pictures to upload, found while they are read. `expected` is their number as far as it is known; `scan` is that
    of their folder, if they are from one."""

    pictures: Iterator[Picture]
    expected: Callable[[], int]
    scan: FolderScan | None = None


def find_pictures(sources: Sequence[str], limit: int | None, prefix: str, exclude: tuple[str, ...]) -> Pictures | None:
    """The pictures of the sources, at most `limit`; None if the source is a list. Raises UsageError for any other
    combination, and for a folder without images."""
    for source in sources:
        if source != "-" and not Path(source).exists():
            raise click.UsageError(f"There is no file {source}.")
    first = Path(sources[0])
    if len(sources) == 1 and first.is_dir():
        return _in_folder(first, limit, prefix, exclude)
    if all(Path(source).suffix.lower() in SUFFIXES for source in sources):
        pictures = [Picture.from_upload(source) for source in sources][:limit]
        return Pictures(iter(pictures), lambda: len(pictures))
    if len(sources) == 1:
        return None
    raise click.UsageError(f"Pass one list, one folder, or images: files ending in {_SUFFIXES}.")


def print_ids(found: Pictures) -> None:
    """Print the id of each picture on stdout; on stderr their number and what is left out. Exit status 1 if a part of
    the folder cannot be read."""
    count = 0
    for picture in found.pictures:
        count += 1
        write_line(printable(picture.id))
    click.echo(f"lichtbild: {count} images would be sent.", err=True)
    report_scan(found.scan)
    if found.scan and found.scan.unreadable:
        raise click.exceptions.Exit(1)


def report_scan(scan: FolderScan | None) -> None:
    """Print on stderr what the scan of a folder left out, and what it could not read."""
    if scan is None:
        return
    words = left_out_in_words(scan)
    if words:
        click.echo(f"lichtbild: {words}", err=True)
    for path, reason in scan.unreadable.items():
        click.echo(f"lichtbild: {printable(path)}: {reason}", err=True)


def _in_folder(folder: Path, limit: int | None, prefix: str, exclude: tuple[str, ...]) -> Pictures:
    scan = FolderScan(folder, prefix, exclude)
    pictures = scan.pictures()
    first = next(pictures, None)
    if first is None:
        report_scan(scan)
        raise click.UsageError(f"There are no images in {folder}. Images are files ending in {_SUFFIXES}.")
    count = _Count(FolderScan(folder, prefix, exclude))
    count.start()
    most = limit if limit is not None else float("inf")
    return Pictures(islice(chain([first], pictures), limit), lambda: int(min(count.scan.found, most)), scan)


class _Count(threading.Thread):
    """Counts a folder's pictures while the first of them are sent already."""

    def __init__(self, scan: FolderScan) -> None:
        super().__init__(daemon=True)
        self.scan = scan

    def run(self) -> None:
        with suppress(OSError):
            for _ in self.scan.pictures():
                pass
