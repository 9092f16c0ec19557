"""The client's jobs: reading, following, waiting, acting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lichtbild.client.running import Running
from lichtbild.core import following, jobs
from lichtbild.display import progress
from lichtbild.display.progress import Bar, OnJob
from lichtbild.events import JobEvent
from lichtbild.models import Delivery, FailedItem, Job, Kind, Status


class JobMethods(Running):
    """Reads jobs and acts on them."""

    def job(self, job_id: str, wait: float = 0.0) -> Job:
        """Return the job as soon as it has ended, or its state after `wait` seconds (30 at most)."""
        return self._run(following.read(self._calls, job_id, wait))

    def events(self, job_id: str) -> Iterator[JobEvent]:
        """The job's Server-Sent Events: `progress` now and at each change, `done` at the end.

        A broken stream is opened again with backoff, and then repeats the present state.
        """
        return self._iterate(following.events(self._calls, job_id))

    def wait(self, job_id: str, timeout: float | None = None, on_progress: OnJob | Bar | None = None) -> Job:
        """Return the job once it has succeeded; until then `on_progress` gets its state when it changes, at most four
        times a second, or about twice a second if a proxy breaks the stream of events. "rich" or "tqdm" is a bar of
        that package.

        Also raises JobFailed if it failed or was cancelled, JobPaused if it paused itself, and StillRunning after
        `timeout` seconds. A job that a user paused is waited for, since it can be resumed.
        """
        with progress.following(on_progress) as show:
            return self._run(following.wait(self._calls, job_id, timeout, show))

    def wait_all(
        self,
        job_ids: Iterable[str],
        timeout: float | None = None,
        on_progress: OnJob | Bar | None = None,
    ) -> list[Job]:
        """Return the jobs, in the order of their ids, once each has ended or paused itself: check each `status`.

        `on_progress` gets the states of the first job that has not ended. Also raises StillRunning after `timeout`
        seconds.
        """
        with progress.following(on_progress) as show:
            return self._run(following.wait_all(self._calls, job_ids, timeout, show))

    def jobs(self, kind: Kind = "ingest", limit: int = 20, status: Status | None = None) -> list[Job]:
        """The newest jobs of a kind, optionally only those with a status, newest first; `limit` is at most 1000."""
        return self._run(jobs.newest(self._calls, kind, limit, status))

    def iter_jobs(self, kind: Kind = "ingest", status: Status | None = None, name: str | None = None) -> Iterator[Job]:
        """All jobs of a kind, optionally only those with a status or name, newest first, read page by page."""
        return self._iterate(jobs.every(self._calls, kind, status, name))

    def iter_errors(self, job_id: str) -> Iterator[FailedItem]:
        """The items of an ingest that have failed so far, read page by page."""
        return self._iterate(jobs.errors(self._calls, job_id))

    def deliveries(self, job_id: str) -> list[Delivery]:
        """The webhooks about a job with the attempts to deliver them, oldest first."""
        return self._run(jobs.deliveries(self._calls, job_id))

    def cancel(self, job_id: str) -> Job:
        """Cancel a job; stored items stay. May be repeated; ApiError (409) if the job has ended otherwise."""
        return self._run(jobs.act(self._calls, job_id, "cancel"))

    def pause(self, job_id: str) -> Job:
        """Pause an ingest: workers finish the chunks that they hold and claim no more. May be repeated."""
        return self._run(jobs.act(self._calls, job_id, "pause"))

    def resume(self, job_id: str) -> Job:
        """Resume a paused ingest; failures so far do not pause it again. May be repeated."""
        return self._run(jobs.act(self._calls, job_id, "resume"))

    def retry(self, job_id: str, code: str | None = None) -> Job:
        """Start a new job over the failed items of an ended job, or over those that failed with `code`."""
        return self._run(jobs.retry(self._calls, job_id, code))
