"""The progress of an ingest: a live bar on a terminal, lines in a pipe or on a dumb terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from lichtbild.cli.printable import printable
from lichtbild.models import Job
from lichtbild.models import Progress as Counts

# Called with new counts, and with the reason of a pause, which is empty while the job is not paused.
Show = Callable[[Counts, str], None]

_SECONDS_BETWEEN_LINES = 5.0
_STEPS = 10


@contextmanager
def job_progress(console: Console) -> Iterator[Callable[[Job], None]]:
    """Yield a function to call with every new state of the job."""
    with progress_of(console) as show:
        yield lambda job: show(job.progress, pause_reason(job)) if job.progress else None


@contextmanager
def progress_of(console: Console) -> Iterator[Show]:
    """Yield a function to call with new counts."""
    # A dumb terminal cannot redraw a line: it gets the lines of a pipe.
    if console.is_interactive:
        with _bar(console) as show:
            yield show
    else:
        yield _Lines(console)


def pause_reason(job: Job) -> str:
    """`paused`, `paused: too many failures`, or why the job waits; empty if it does neither."""
    if job.status != "paused":
        return f"waits: {printable(job.waits_for)}" if job.waits_for else ""
    return f"paused: {job.error.code.replace('_', ' ')}" if job.error else "paused"


def counts_in_words(counts: Counts) -> str:
    """The counts that are not zero: `598 stored, 2 failed`."""
    named = {"stored": counts.stored, "unchanged": counts.unchanged, "failed": counts.failed}
    named |= {"under way": counts.under_way, "pending": counts.pending - counts.under_way}
    return ", ".join(f"{count} {name}" for name, count in named.items() if count) or "nothing yet"


@contextmanager
def _bar(console: Console) -> Iterator[Show]:
    columns = (
        TextColumn("{task.percentage:>3.0f}%"),
        BarColumn(bar_width=30),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TextColumn("{task.fields[counts]}"),
        TextColumn("{task.fields[speed]}", style="dim"),
    )
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", visible=False, counts="", speed="")

        def show(counts: Counts, paused: str) -> None:
            words, speed = counts_in_words(counts), paused or _speed(counts)
            progress.update(task, visible=True, total=counts.total, completed=counts.settled, counts=words, speed=speed)

        yield show


class _Lines:
    """Prints a line per tenth of the job, at each pause and resumption, and at least every 5 seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._step = 0
        self._paused = ""
        self._printed_at = time.monotonic()

    def __call__(self, counts: Counts, paused: str) -> None:
        step = _STEPS * counts.settled // max(1, counts.total)
        now = time.monotonic()
        if step > self._step or paused != self._paused or now - self._printed_at >= _SECONDS_BETWEEN_LINES:
            self._step, self._paused, self._printed_at = step, paused, now
            line = f"{100 * counts.settled // max(1, counts.total):3}%  {counts.settled}/{counts.total}"
            self._console.print(
                Text(f"{line}  {counts_in_words(counts)}  {paused or _speed(counts)}".rstrip()), soft_wrap=True
            )


def _speed(counts: Counts) -> str:
    if not counts.items_per_second:
        return ""
    left = "" if counts.eta_seconds is None or not counts.pending else f", {duration(counts.eta_seconds)} left"
    limited = f", limited by {counts.limited_by}" if counts.limited_by and counts.pending else ""
    return f"{counts.items_per_second:.0f}/s{left}{limited}"


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3 h 20 min`."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
