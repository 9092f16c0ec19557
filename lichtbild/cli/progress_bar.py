"""The progress of an ingest: a live bar on a terminal, a line now and then in a pipe or on a dumb terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.text import Text

from lichtbild.models import Job
from lichtbild.models import Progress as Counts

# Called with the counts whenever they are known anew, and with why nothing goes on: empty while something does.
Show = Callable[[Counts, str], None]

_SECONDS_BETWEEN_LINES = 5.0
_STEPS = 10


@contextmanager
def job_progress(console: Console) -> Iterator[Callable[[Job], None]]:
    """Yields a function to call with the job whenever it was read."""
    with progress_of(console) as show:
        yield lambda job: show(job.progress, standstill(job)) if job.progress else None


@contextmanager
def progress_of(console: Console) -> Iterator[Show]:
    """Yields a function to call with the counts whenever they are known anew."""
    # A dumb terminal cannot redraw a line: it gets what a pipe gets.
    if console.is_interactive:
        with _bar(console) as show:
            yield show
    else:
        yield _Lines(console)


def standstill(job: Job) -> str:
    """`paused`, `paused: too many failures`, or nothing if the job is not paused."""
    if job.status != "paused":
        return ""
    return f"paused: {job.error.code.replace('_', ' ')}" if job.error else "paused"


def counts_in_words(counts: Counts) -> str:
    """`598 stored, 2 failed`: only what there is."""
    named = {"stored": counts.stored, "unchanged": counts.unchanged, "failed": counts.failed, "pending": counts.pending}
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
    """A line per tenth of the job, whenever it is paused or goes on, and at least every few seconds."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._step = 0
        self._paused = ""
        self._said_at = time.monotonic()

    def __call__(self, counts: Counts, paused: str) -> None:
        step = _STEPS * counts.settled // max(1, counts.total)
        now = time.monotonic()
        if step > self._step or paused != self._paused or now - self._said_at >= _SECONDS_BETWEEN_LINES:
            self._step, self._paused, self._said_at = step, paused, now
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
