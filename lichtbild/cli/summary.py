"""Prints the summary of a job: counts, failures, the report of a preflight, and the next commands."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from lichtbild.cli.printable import printable
from lichtbild.cli.progress_bar import counts_in_words, duration
from lichtbild.cli.terminal import write_line
from lichtbild.models import Job, Progress

_SHOWN_HOSTS = 5
_SHOWN_GROUPS = 3
_OTHER_HOSTS = "(other)"


def summarise(job: Job) -> None:
    """Print the counts of an ingest and its failures."""
    counts = job.progress
    if counts is None:
        return
    took = ""
    if job.started_at and job.finished_at:
        took = f" in {duration((job.finished_at - job.started_at).total_seconds())}"
    limited = f", limited by {counts.limited_by}" if counts.limited_by else ""
    write_line(f"{counts_in_words(counts)}{took} ({counts.items_per_second:.0f}/s), {size(counts.bytes)}{limited}")
    show_failures(counts)
    _show_same_pictures(counts)
    if counts.failed:
        write_line(f"List them: lichtbild jobs {job.id} --errors")
        if job.is_final:
            write_line(f"Retry them: lichtbild jobs {job.id} --retry")


def show_failures(counts: Progress) -> None:
    """Print the number of failed items per code and per host."""
    for code, count in counts.failed_by_code.items():
        write_line(f"{count:8}  {printable(code)}")
    for host, count in _worst_hosts(counts):
        write_line(f"{count:8}  at {printable(host)}")


def _show_same_pictures(counts: Progress) -> None:
    """Print the pictures that came for several ids: many hosts send one placeholder for all photos that are gone."""
    same = counts.same_picture
    if not same.photos:
        return
    write_line(f"{same.photos} with the picture of another photo of this job, such as a placeholder:")
    for group in same.groups[:_SHOWN_GROUPS]:
        more = ", …" if group.photos > len(group.photo_ids) else ""
        write_line(f"{group.photos:8}  have one picture: {', '.join(map(printable, group.photo_ids))}{more}")


def failures_in_words(counts: Progress) -> tuple[str, str]:
    """The failed items per code and per host, as two lines."""
    codes = ", ".join(f"{count} {code}" for code, count in counts.failed_by_code.items())
    return codes, ", ".join(f"{count} at {host}" for host, count in _worst_hosts(counts))


def show_report(job: Job) -> None:
    """Print a preflight's estimates for the whole list."""
    report, counts = job.report, job.progress
    if report is None or counts is None:
        return
    write_line(f"{report.tried} of {report.of} tried: {report.success_rate:.1%} would be stored")
    show_failures(counts)
    _show_same_pictures(counts)
    if counts.stored:
        write_line(f"{size(report.bytes_per_item)} an image, about {size(report.estimated_bytes)} in all")
    if report.estimated_seconds is not None:
        limited = f", limited by {counts.limited_by}" if counts.limited_by else ""
        write_line(
            f"about {duration(report.estimated_seconds)} at this speed ({counts.items_per_second:.0f}/s{limited})"
        )


def next_steps(job: Job) -> str:
    """The commands for a job that paused itself."""
    return f"Resume: lichtbild jobs {job.id} --resume\nCancel: lichtbild jobs {job.id} --cancel"


def size(count: int) -> str:
    """`481 kB`, `11.7 MB`, `3.2 GB`."""
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def _worst_hosts(counts: Progress) -> Iterator[tuple[str, int]]:
    """The hosts with the most failures, then the others together; empty for uploads, which have no host."""
    named = {host: count for host, count in counts.failed_by_host.items() if host != _OTHER_HOSTS}
    shown = dict(islice(named.items(), _SHOWN_HOSTS))
    yield from shown.items()
    others = sum(counts.failed_by_host.values()) - sum(shown.values())
    if shown and others:
        yield "other hosts", others
