"""`lichtbild ingest FOLDER`: send the pictures of a folder, window by window, and watch all of its jobs as one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

import click

from lichtbild.cli.printable import printable
from lichtbild.cli.progress_bar import Show, standstill
from lichtbild.client import Client
from lichtbild.errors import ApiError, JobFailed, LichtbildError
from lichtbild.models import Job, Progress
from lichtbild.uploads import Picture, Window, id_problem, windows

Number = TypeVar("Number", int, float)

# How often the jobs are looked at, and how many of them at a time.
_LOOK_SECONDS = 0.5
_LOOKED_AT = 16
# Far more than any API takes for one picture, and not too much to be held.
_MAX_BYTES = 256 * 2**20
_SHOWN_REFUSALS = 20
# As in the API: a folder that begins badly may go on well.
_JUDGED_ITEMS = 100


class TooManyFailures(LichtbildError):  # noqa: N818 - reads as what it says
    """More of the images failed than is wanted; no more are sent, and what was sent goes on."""


@dataclass
class FolderIngest:
    """The jobs of one folder, from the first window to the last settled item. `show` is told how it goes, `accepted`
    of each job. A window is too small for a job to judge its own failures, so `max_failed_ratio` is kept here.
    """

    client: Client
    collection: str
    pictures: Sequence[Picture]
    max_failed_ratio: float | None
    show: Show
    accepted: Callable[[Job], None] = lambda _: None
    jobs: dict[str, Job] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    _started: float = field(default_factory=time.monotonic)
    _looked: float = field(default_factory=time.monotonic)

    def send(self) -> None:
        """Send everything that can be sent; what cannot is in `left_out`, with the reason.

        Raises JobFailed if one of the jobs ends badly meanwhile, TooManyFailures, ApiError and Unreachable.
        """
        for window in windows(self._loaded()):
            self._judge()
            self._send(window)
            if time.monotonic() - self._looked >= _LOOK_SECONDS:
                self.look()

    def wait(self) -> None:
        """Return once all jobs have succeeded. Raises JobFailed, ApiError and Unreachable."""
        while any(not job.is_final for job in self.jobs.values()):
            open_job = next(job for job in self.jobs.values() if not job.is_final)
            self._note(self.client.job(open_job.id, wait=_LOOK_SECONDS))
            self.look()

    def look(self) -> None:
        """Look at the jobs that have not ended, and show how all of them are."""
        going_on = [job for job in self.jobs.values() if not job.is_final]
        for job in going_on[:_LOOKED_AT]:
            self._note(self.client.job(job.id))
        self._looked = time.monotonic()
        self.show(self.progress(), self._standstill())

    def progress(self) -> Progress:
        """Of all pictures; those that are still to be sent are pending."""
        counts = [job.progress for job in self.jobs.values() if job.progress]
        done = sum(count.settled for count in counts)
        total = len(self.pictures) - len(self.left_out)
        rate = done / max(time.monotonic() - self._started, 0.001)
        stages = _sum(count.stage_seconds for count in counts)
        return Progress(
            total=total,
            pending=total - done,
            stored=sum(count.stored for count in counts),
            failed=sum(count.failed for count in counts),
            unchanged=sum(count.unchanged for count in counts),
            items_per_second=rate,
            eta_seconds=(total - done) / rate if rate else None,
            bytes=sum(count.bytes for count in counts),
            stage_seconds=stages,
            limited_by=max(stages, key=stages.__getitem__) if any(stages.values()) else None,
            failed_by_code=_sum(count.failed_by_code for count in counts),
            failed_by_host=_sum(count.failed_by_host for count in counts),
        )

    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._started

    def _standstill(self) -> str:
        """Why nothing goes on, if all jobs that have not ended are paused."""
        going_on = [job for job in self.jobs.values() if not job.is_final]
        return standstill(going_on[0]) if going_on and all(map(standstill, going_on)) else ""

    def _judge(self) -> None:
        counts = self.progress()
        if self.max_failed_ratio is None or counts.settled < _JUDGED_ITEMS:
            return
        if counts.failed > self.max_failed_ratio * counts.settled:
            raise TooManyFailures(
                f"{counts.failed} of the first {counts.settled} images failed, so no more are sent. Look at what "
                "failed: lichtbild jobs. To go on, send the folder again: what is stored is not embedded twice."
            )

    def _send(self, window: Window) -> None:
        """One picture that is too large has its neighbours refused with it: then halves are sent."""
        try:
            job = self._accepted(window)
        except ApiError as error:
            if error.status != 413:
                raise
            if len(window.pictures) == 1:
                self.left_out[window.pictures[0].id] = error.detail
                return
            for half in window.halves():
                self._send(half)
            return
        self._note(job)
        self.accepted(job)

    def _accepted(self, window: Window) -> Job:
        """The window's job, once the API has room for it: it empties its spool as it embeds."""
        while True:
            try:
                return self.client.upload_window(window, self.collection)
            except ApiError as error:
                if error.status != 429:
                    raise
            self.look()

    def _note(self, job: Job) -> None:
        self.jobs[job.id] = job
        if job.status in ("failed", "cancelled"):
            raise JobFailed(job)

    def _loaded(self) -> Iterator[Picture]:
        """The pictures with their bytes, but for those that cannot be read or cannot be sent."""
        for picture in self.pictures:
            reason = id_problem(picture.id)
            try:
                if reason is None and picture.size() > _MAX_BYTES:
                    reason = f"it has more than {_MAX_BYTES >> 20} MB"
                if reason is None:
                    yield picture.loaded()
                    continue
            except OSError as error:
                reason = error.strerror or type(error).__name__
            self.left_out[picture.id] = reason


def _sum(parts: Iterable[Mapping[str, Number]]) -> dict[str, Number]:
    """Of several counts by name one, most first."""
    total: dict[str, Number] = {}
    for part in parts:
        for name, count in part.items():
            total[name] = total.get(name, 0) + count
    return dict(sorted(total.items(), key=lambda entry: -entry[1]))


def tell_left_out(left_out: dict[str, str]) -> None:
    """On stderr: what was not sent, and why."""
    for photo_id, reason in islice(left_out.items(), _SHOWN_REFUSALS):
        click.echo(f"lichtbild: {printable(photo_id)} was not sent: {reason}", err=True)
    if len(left_out) > _SHOWN_REFUSALS:
        click.echo(f"lichtbild: {len(left_out) - _SHOWN_REFUSALS} more were not sent.", err=True)
