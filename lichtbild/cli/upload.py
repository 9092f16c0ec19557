"""Uploads the pictures of a folder window by window, and follows all jobs as one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import click

from lichtbild.cli.known_pictures import KnownPictures
from lichtbild.cli.printable import printable
from lichtbild.cli.progress_bar import Show, pause_reason
from lichtbild.client import Client
from lichtbild.errors import ApiError, JobFailed, LichtbildError
from lichtbild.models import Job, Progress
from lichtbild.uploads import Picture, Window, id_problem, windows

Describe = Callable[[str, Path, bytes], Mapping[str, Any]]
Number = TypeVar("Number", int, float)

# The interval of polls, and the most jobs read in one poll.
_POLL_SECONDS = 0.5
_POLLED_JOBS = 16
# Far more than any API accepts for one picture, and little enough to hold in memory.
_MAX_BYTES = 256 * 2**20
_SHOWN_REFUSALS = 20
# As in the API: the first items alone do not represent a folder.
_MIN_SETTLED = 100


class TooManyFailures(LichtbildError):  # noqa: N818 - a condition, not a fault of the program
    """More images failed than `max_failed_ratio` allows; no more are sent, and accepted jobs continue."""


@dataclass
class FolderIngest:
    """The jobs of one folder, from the first window to the last settled item. `show` is called with new counts,
    `on_accepted` with each new job. `max_failed_ratio` is checked here, since one window is too small a sample.

    `name` is that of all jobs. `describe` makes the attributes of a picture from its id, file and bytes. `expected` is
    the number of pictures as far as it is known, `seen` that of the pictures read so far. `accepted` counts the
    pictures of accepted windows, `in_flight` those of the window that is being sent.
    """

    client: Client
    collection: str
    pictures: Iterator[Picture]
    expected: Callable[[], int]
    max_failed_ratio: float | None
    show: Show
    known: KnownPictures
    name: str | None = None
    describe: Describe | None = None
    on_accepted: Callable[[Job], None] = lambda _: None
    jobs: dict[str, Job] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    accepted: int = 0
    in_flight: int = 0
    seen: int = 0
    _started: float = field(default_factory=time.monotonic)
    _polled_at: float = field(default_factory=time.monotonic)

    def send(self) -> None:
        """Send all pictures that can be sent; the others are in `left_out` with the reason.

        Raises JobFailed if one of the jobs fails meanwhile, TooManyFailures, ApiError and Unreachable.
        """
        for window in windows(self._loaded()):
            self._check_failures()
            self._send_new(window)
            if time.monotonic() - self._polled_at >= _POLL_SECONDS:
                self.poll()

    def wait(self) -> None:
        """Return once all jobs have succeeded. Raises JobFailed, ApiError and Unreachable."""
        while any(not job.is_final for job in self.jobs.values()):
            open_job = next(job for job in self.jobs.values() if not job.is_final)
            self._note(self.client.job(open_job.id, wait=_POLL_SECONDS))
            self.poll()

    def poll(self) -> None:
        """Read the jobs that have not ended, and show the progress of all."""
        unfinished = [job for job in self.jobs.values() if not job.is_final]
        for job in unfinished[:_POLLED_JOBS]:
            self._note(self.client.job(job.id))
        self._polled_at = time.monotonic()
        self.show(self.progress(), self._pause_reason())

    def progress(self) -> Progress:
        """The counts of all pictures; those not sent yet are pending."""
        counts = [job.progress for job in self.jobs.values() if job.progress]
        done = sum(count.settled for count in counts) + self.known.unchanged
        total = self.total() - len(self.left_out)
        rate = done / max(time.monotonic() - self._started, 0.001)
        stages = _sum(count.stage_seconds for count in counts)
        return Progress(
            total=total,
            pending=total - done,
            stored=sum(count.stored for count in counts),
            failed=sum(count.failed for count in counts),
            unchanged=sum(count.unchanged for count in counts) + self.known.unchanged,
            items_per_second=rate,
            eta_seconds=(total - done) / rate if rate else None,
            bytes=sum(count.bytes for count in counts),
            stage_seconds=stages,
            limited_by=max(stages, key=stages.__getitem__) if any(stages.values()) else None,
            failed_by_code=_sum(count.failed_by_code for count in counts),
            failed_by_host=_sum(count.failed_by_host for count in counts),
        )

    def total(self) -> int:
        """The number of pictures: while they are being found, as far as it is known."""
        return max(self.seen, self.expected())

    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def _pause_reason(self) -> str:
        """The reason of the pause if all unfinished jobs are paused, else empty."""
        unfinished = [job for job in self.jobs.values() if not job.is_final]
        return pause_reason(unfinished[0]) if unfinished and all(map(pause_reason, unfinished)) else ""

    def _check_failures(self) -> None:
        counts = self.progress()
        if self.max_failed_ratio is None or counts.settled < _MIN_SETTLED:
            return
        if counts.failed > self.max_failed_ratio * counts.settled:
            raise TooManyFailures(
                f"{counts.failed} of the first {counts.settled} images failed, so no more are sent. For the failures: "
                "lichtbild jobs. To continue, send the folder again: stored images are not embedded again."
            )

    def _send_new(self, window: Window) -> None:
        """Send what is not stored yet, and does not belong to another file."""
        left = self.known.to_send(window)
        for photo_id, file in self.known.foreign.items():
            self.left_out[photo_id] = f"its id is that of {file}; --prefix keeps both, --replace replaces that photo"
        self.known.foreign.clear()
        if left is not None:
            self._send(left)

    def _send(self, window: Window) -> None:
        """Send a window. One picture that is too large makes the API refuse the whole window: then send its halves."""
        self.in_flight = len(window.pictures)
        try:
            job = self._accepted(window)
        except ApiError as error:
            self.in_flight = 0
            if error.status != 413:
                raise
            if len(window.pictures) == 1:
                self.left_out[window.pictures[0].id] = error.detail
                return
            for half in window.halves():
                self._send(half)
            return
        self.accepted += self.in_flight
        self.in_flight = 0
        self._note(job)
        self.on_accepted(job)

    def _accepted(self, window: Window) -> Job:
        """Send a window and return its job; wait while the API's spool is full."""
        while True:
            try:
                return self.client.upload_window(window, self.collection, name=self.name)
            except ApiError as error:
                if error.status != 429:
                    raise
            self.poll()

    def _note(self, job: Job) -> None:
        self.jobs[job.id] = job
        if job.status in ("failed", "cancelled"):
            raise JobFailed(job)

    def _loaded(self) -> Iterator[Picture]:
        """The pictures with their bytes; those that cannot be read or sent go to `left_out`."""
        for picture in self.pictures:
            self.seen += 1
            reason = id_problem(picture.id)
            try:
                if reason is None and picture.size() > _MAX_BYTES:
                    reason = f"it has more than {_MAX_BYTES >> 20} MB"
                if reason is None:
                    yield self._described(picture)
                    continue
            except OSError as error:
                reason = error.strerror or type(error).__name__
            self.left_out[picture.id] = reason

    def _described(self, picture: Picture) -> Picture:
        """The picture with its bytes and attributes. Raises OSError."""
        loaded = picture.loaded()
        if self.describe is None or not isinstance(picture.content, Path):
            return loaded
        content = loaded.read()
        return Picture(picture.id, content, self.describe(picture.id, picture.content, content))


def _sum(parts: Iterable[Mapping[str, Number]]) -> dict[str, Number]:
    """The sum of several counts by name, highest first."""
    total: dict[str, Number] = {}
    for part in parts:
        for name, count in part.items():
            total[name] = total.get(name, 0) + count
    return dict(sorted(total.items(), key=lambda entry: -entry[1]))


def report_left_out(left_out: dict[str, str]) -> None:
    """Print the pictures that were not sent, and the reasons, on stderr."""
    for photo_id, reason in islice(left_out.items(), _SHOWN_REFUSALS):
        click.echo(f"lichtbild: {printable(photo_id)} was not sent: {reason}", err=True)
    if len(left_out) > _SHOWN_REFUSALS:
        click.echo(f"lichtbild: {len(left_out) - _SHOWN_REFUSALS} more were not sent.", err=True)
