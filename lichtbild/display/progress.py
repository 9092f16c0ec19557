"""Progress of an ingest: for a callback, or as a bar of rich or tqdm."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

from lichtbild.display.packages import optional

if TYPE_CHECKING:
    from lichtbild.models import Job

Bar = Literal["rich", "tqdm"]
# Called with the number of items sent, or with the job.
OnSent = Callable[[int], None]
OnJob = Callable[["Job"], None]

# Sets the number of items done, and of all items if it is known.
_Update = Callable[[int, int | None], None]


@contextmanager
def sending(progress: OnSent | Bar | None, items: object) -> Iterator[OnSent | None]:
    """What to call with the number of items sent; a bar is closed at the end. Raises MissingPackage."""
    if progress is None or callable(progress):
        yield progress
        return
    total = len(items) if isinstance(items, Sized) else None
    with _bar(progress, "sending") as update:
        yield lambda sent: update(sent, total)


@contextmanager
def following(progress: OnJob | Bar | None) -> Iterator[OnJob | None]:
    """What to call with the states of a job; a bar is closed at the end. Raises MissingPackage."""
    if progress is None or callable(progress):
        yield progress
        return
    with _bar(progress, "processing") as update:

        def show(job: Job) -> None:
            if job.progress is not None:
                update(job.progress.settled, job.progress.total)

        yield show


@contextmanager
def _bar(kind: Bar, doing: str) -> Iterator[_Update]:
    with {"rich": _rich, "tqdm": _tqdm}[kind](doing) as update:
        yield update


@contextmanager
def _rich(doing: str) -> Iterator[_Update]:
    with optional("rich.progress", "progress='rich'", "rich").Progress() as bars:
        task = bars.add_task(doing, total=None)
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def _tqdm(doing: str) -> Iterator[_Update]:
    with optional("tqdm", "progress='tqdm'", "tqdm").tqdm(desc=doing, unit="photo") as bar:

        def update(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield update
