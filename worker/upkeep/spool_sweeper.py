"""Sweeps the spool: what is left of jobs that have ended, and of uploads that never became a job."""

import logging
import time

from shared.errors import NotFoundError
from shared.ledger.jobs import Jobs
from shared.uploads.spool import Spool

log = logging.getLogger(__name__)

_INTERVAL_SECONDS = 60.0
# A sweep delays the reconciler, whose turn it is; what is left is swept in the next.
_MOST_AT_ONCE = 500


class SpoolSweeper:
    """Called by the reconciler, looks once a minute."""

    def __init__(self, spool: Spool | None, jobs: Jobs, staging_seconds: float) -> None:
        self._spool = spool
        self._jobs = jobs
        self._staging_seconds = staging_seconds
        self._next = 0.0

    def sweep_if_due(self) -> None:
        """Raises RedisError; a disk that cannot be read is told in the log."""
        if self._spool is None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _INTERVAL_SECONDS
        try:
            self.sweep(self._spool)
        except OSError as error:
            log.warning("The spool cannot be swept: %s.", error.strerror)

    def sweep(self, spool: Spool) -> None:
        """An upload in progress is no job yet: without one a folder goes only when nothing has come into it for as long
        as the upload's other half, its items in Redis, would be kept.
        """
        done = [job_id for job_id, idle in spool.jobs() if self._is_done(job_id, idle)]
        for job_id in done[:_MOST_AT_ONCE]:
            spool.drop(job_id)
            log.info("Swept what was left of upload %s.", job_id)

    def _is_done(self, job_id: str, idle_seconds: float) -> bool:
        try:
            return self._jobs.get(job_id).is_final
        except NotFoundError:
            return idle_seconds > self._staging_seconds
