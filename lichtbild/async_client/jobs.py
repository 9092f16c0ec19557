"""The asynchronous client's jobs: reading, following, waiting, acting."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from lichtbild.async_client.running import AsyncRunning
from lichtbild.core import following, jobs
from lichtbild.display import progress
from lichtbild.display.progress import Bar, OnJob
from lichtbild.events import JobEvent
from lichtbild.models import Delivery, FailedItem, Job, Kind, Status


class AsyncJobMethods(AsyncRunning):
    """Reads jobs and acts on them."""

    async def job(self, job_id: str, wait: float = 0.0) -> Job:
        """As `Client.job`."""
        return await self._run(following.read(self._calls, job_id, wait))

    def events(self, job_id: str) -> AsyncIterator[JobEvent]:
        """As `Client.events`."""
        return self._iterate(following.events(self._calls, job_id))

    async def wait(self, job_id: str, timeout: float | None = None, on_progress: OnJob | Bar | None = None) -> Job:
        """As `Client.wait`."""
        with progress.following(on_progress) as show:
            return await self._run(following.wait(self._calls, job_id, timeout, show))

    async def wait_all(
        self,
        job_ids: Iterable[str],
        timeout: float | None = None,
        on_progress: OnJob | Bar | None = None,
    ) -> list[Job]:
        """As `Client.wait_all`."""
        with progress.following(on_progress) as show:
            return await self._run(following.wait_all(self._calls, job_ids, timeout, show))

    async def jobs(self, kind: Kind = "ingest", limit: int = 20, status: Status | None = None) -> list[Job]:
        """As `Client.jobs`."""
        return await self._run(jobs.newest(self._calls, kind, limit, status))

    def iter_jobs(
        self, kind: Kind = "ingest", status: Status | None = None, name: str | None = None
    ) -> AsyncIterator[Job]:
        """As `Client.iter_jobs`."""
        return self._iterate(jobs.every(self._calls, kind, status, name))

    def iter_errors(self, job_id: str) -> AsyncIterator[FailedItem]:
        """As `Client.iter_errors`."""
        return self._iterate(jobs.errors(self._calls, job_id))

    async def deliveries(self, job_id: str) -> list[Delivery]:
        """As `Client.deliveries`."""
        return await self._run(jobs.deliveries(self._calls, job_id))

    async def cancel(self, job_id: str) -> Job:
        """As `Client.cancel`."""
        return await self._run(jobs.act(self._calls, job_id, "cancel"))

    async def pause(self, job_id: str) -> Job:
        """As `Client.pause`."""
        return await self._run(jobs.act(self._calls, job_id, "pause"))

    async def resume(self, job_id: str) -> Job:
        """As `Client.resume`."""
        return await self._run(jobs.act(self._calls, job_id, "resume"))

    async def retry(self, job_id: str, code: str | None = None) -> Job:
        """As `Client.retry`."""
        return await self._run(jobs.retry(self._calls, job_id, code))
