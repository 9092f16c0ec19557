"""What the command says of a job: how it ended, what failed in it, what a preflight found, how to go on."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from lichtbild.cli.printable import printable
from lichtbild.cli.progress_bar import counts_in_words, duration
from lichtbild.cli.terminal import say
from lichtbild.models import Job, Progress

_SHOWN_HOSTS = 5
_OTHER_HOSTS = "(other)"


def summarise(job: Job) -> None:
    """The counts of an ingest, and what failed in it."""
    counts = job.progress
    if counts is None:
        return
    took = ""
    if job.started_at and job.finished_at:
        took = f" in {duration((job.finished_at - job.started_at).total_seconds())}"
    limited = f", limited by {counts.limited_by}" if counts.limited_by else ""
    say(f"{counts_in_words(counts)}{took} ({counts.items_per_second:.0f}/s), {size(counts.bytes)}{limited}")
    show_failures(counts)
    if counts.failed:
        say(f"List them: lichtbild jobs {job.id} --errors")
        if job.is_final:
            say(f"Retry them: lichtbild jobs {job.id} --retry")


def show_failures(counts: Progress) -> None:
    """How many items failed with which code, and at which hosts."""
    for code, count in counts.failed_by_code.items():
        say(f"{count:8}  {printable(code)}")
    for host, count in _worst_hosts(counts):
        say(f"{count:8}  at {printable(host)}")


def failures_in_words(counts: Progress) -> tuple[str, str]:
    """The same in two lines, by code and by host."""
    codes = ", ".join(f"{count} {code}" for code, count in counts.failed_by_code.items())
    return codes, ", ".join(f"{count} at {host}" for host, count in _worst_hosts(counts))


def show_report(job: Job) -> None:
    """What a preflight says about the whole list."""
    report, counts = job.report, job.progress
    if report is None or counts is None:
        return
    say(f"{report.tried} of {report.of} tried: {report.success_rate:.1%} would be stored")
    show_failures(counts)
    if counts.stored:
        say(f"{size(report.bytes_per_item)} an image, about {size(report.estimated_bytes)} in all")
    if report.estimated_seconds is not None:
        limited = f", limited by {counts.limited_by}" if counts.limited_by else ""
        say(f"about {duration(report.estimated_seconds)} at this speed ({counts.items_per_second:.0f}/s{limited})")


def ways_on(job: Job) -> str:
    """What can be done about a job that paused itself."""
    return f"Go on all the same: lichtbild jobs {job.id} --resume\nGive it up: lichtbild jobs {job.id} --cancel"


def size(count: int) -> str:
    """`481 kB`, `11.7 MB`, `3.2 GB`."""
    if count < 1e6:
        return f"{count / 1e3:.0f} kB"
    return f"{count / 1e6:.1f} MB" if count < 1e9 else f"{count / 1e9:.1f} GB"


def _worst_hosts(counts: Progress) -> Iterator[tuple[str, int]]:
    """By name, then the rest; nothing where no host has a name, as in uploads."""
    named = {host: count for host, count in counts.failed_by_host.items() if host != _OTHER_HOSTS}
    shown = dict(islice(named.items(), _SHOWN_HOSTS))
    yield from shown.items()
    others = sum(counts.failed_by_host.values()) - sum(shown.values())
    if shown and others:
        yield "other hosts", others
