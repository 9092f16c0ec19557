"""The ledger's jobs of any kind: read one, list them, cancel, pause and resume."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import redis

from shared.domain.job import FINAL, Job, Kind, Status
from shared.errors import ConflictError, Fault, InvalidRequestError, NotFoundError
from shared.ledger import keys, scripts
from shared.ledger.job_fields import read_job
from shared.ledger.waits import Waits
from shared.settings import Settings

_ENDED = {"succeeded": "succeeded", "failed": "failed", "cancelled": "been cancelled"}
_PAGE = 200
# The form of a cursor of jobs: `created-id`.
JOB_CURSOR = "[0-9]{1,15}-[0-9a-f]{1,64}"


class Jobs:
    """Read and control jobs of any kind."""

    def __init__(self, connection: "redis.Redis", settings: Settings) -> None:
        self._redis = connection
        self._settings = settings
        self._waits = Waits(connection)
        self._finish = scripts.finish(connection)
        self._pause = scripts.script(connection, "pause")
        self._resume = scripts.script(connection, "resume")

    def get(self, job_id: str) -> Job:
        """Return the job. Raises NotFoundError if it never existed or has expired."""
        fields = cast(dict[bytes, bytes], self._redis.hgetall(keys.job(job_id)))
        if not fields:
            raise NotFoundError(f"There is no job {job_id!r}; finished jobs are kept for a limited time.")
        job = read_job({name.decode(): value.decode() for name, value in fields.items()})
        is_storing = job.kind == "ingest" and job.status == "running"
        return replace(job, waits_for=self._waits.reason()) if is_storing else job

    def page(
        self, kind: Kind, limit: int, status: Status | None = None, cursor: str = "", name: str | None = None
    ) -> tuple[list[Job], str | None]:
        """Up to `limit` jobs of a kind, of a status and of a name if given, newest first, and the cursor of the next
        page or None. A cursor is `created-id` of the last job seen. Raises InvalidRequestError for any other cursor.
        """
        found: list[Job] = []
        seen = cursor
        for place, job in self._newest(kind, cursor):
            if len(found) == limit:
                return found, seen
            if status in (None, job.status) and name in (None, job.labels.name):
                found.append(job)
            seen = place
        return found, None

    def cancel(self, job_id: str) -> Job:
        """Cancel a job. Repeatable. Raises ConflictError if it has ended otherwise."""
        job = self.get(job_id)
        retention = self._settings.ingest_retention_seconds
        if job.kind != "ingest":
            retention = self._settings.search_retention_seconds
        before = self._finish(job_id, "cancelled", retention=retention)
        return self._after(job_id, "cancelled", None if before == "cancelled" else before)

    def pause(self, job_id: str) -> Job:
        """Pause an ingest job. Repeatable. Raises ConflictError if it has ended."""
        self._ingest_only(job_id, "paused")
        before = self._pause(keys=[keys.job(job_id), keys.ACTIVE], args=[job_id, keys.CHANGES, keys.PREFIX])
        return self._after(job_id, "paused", before.decode() if before else None)

    def resume(self, job_id: str) -> Job:
        """Resume an ingest job; no effect on a running one. Raises ConflictError if it has ended."""
        self._ingest_only(job_id, "resumed")
        names = [keys.job(job_id), keys.ACTIVE, keys.waiting(job_id)]
        before = self._resume(keys=names, args=[job_id, keys.CHANGES])
        return self._after(job_id, "resumed", before.decode() if before else None)

    def _newest(self, kind: Kind, cursor: str) -> Iterator[tuple[str, Job]]:
        """Jobs after the cursor, each with its own cursor. Removes expired jobs from the listing."""
        latest, start = _parse_cursor(cursor), 0
        while listed := self._listed(kind, latest, start):
            with self._redis.pipeline(transaction=False) as pipeline:
                for job_id, _ in listed:
                    pipeline.hgetall(keys.job(job_id))
                hashes = pipeline.execute()
            gone = [job_id for (job_id, _), fields in zip(listed, hashes, strict=True) if not fields]
            if gone:
                self._redis.zrem(keys.jobs(kind), *gone)
            start += len(listed) - len(gone)
            for (job_id, created), fields in zip(listed, hashes, strict=True):
                if fields and not (created == latest and job_id >= cursor.partition("-")[2]):
                    yield f"{created}-{job_id}", read_job({k.decode(): v.decode() for k, v in fields.items()})

    def _listed(self, kind: Kind, latest: int | None, start: int) -> list[tuple[str, int]]:
        """Ids with their creation times, newest first."""
        newest = "+inf" if latest is None else latest
        raw = self._redis.zrevrangebyscore(keys.jobs(kind), newest, "-inf", start=start, num=_PAGE, withscores=True)
        return [(job_id.decode(), int(created)) for job_id, created in cast(list[tuple[bytes, float]], raw)]

    def _ingest_only(self, job_id: str, wanted: str) -> None:
        if self.get(job_id).kind != "ingest":
            raise ConflictError(f"Job {job_id} is not an ingest job, so it cannot be {wanted}.")

    def _after(self, job_id: str, wanted: str, before: str | None) -> Job:
        if before in FINAL:
            raise ConflictError(f"Job {job_id} has already {_ENDED[before]}; it cannot be {wanted}.")
        return self.get(job_id)


def _parse_cursor(cursor: str) -> int | None:
    if not cursor:
        return None
    if not re.fullmatch(JOB_CURSOR, cursor):
        reason = "`cursor` must be the `next_cursor` of an earlier page."
        raise InvalidRequestError(reason, [Fault(reason, parameter="cursor")])
    return int(cursor.partition("-")[0])
