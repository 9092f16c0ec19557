"""Removes the spool folders of jobs that have ended and of uploads that never became a job."""

import logging
import time

from shared.errors import NotFoundError
from shared.ledger.jobs import Jobs
from shared.uploads.spool import Spool

log = logging.getLogger(__name__)

_INTERVAL_SECONDS = 60.0
# Maximum folders per sweep, which delays the reconciler: the others follow a minute later.
_MAX_FOLDERS = 500


class SpoolSweeper:
    """Sweeps once a minute at most, in the reconciler's thread. Without a spool it does nothing."""

    def __init__(self, spool: Spool | None, jobs: Jobs, staging_seconds: float) -> None:
        self._spool = spool
        self._jobs = jobs
        self._staging_seconds = staging_seconds
        self._next = 0.0

    def sweep_if_due(self) -> None:
        """Sweep if the last sweep was a minute ago. Logs OSError; raises RedisError."""
        if self._spool is None or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _INTERVAL_SECONDS
        try:
            self.sweep(self._spool)
        except OSError as error:
            log.warning("The spool cannot be swept: %s.", error.strerror)

    def sweep(self, spool: Spool) -> None:
        """Remove up to 500 folders. A folder without a job may be an upload in progress: it is removed once nothing was
        added to it for as long as Redis keeps the upload's staged items. Raises RedisError and OSError.
        """
        done = [job_id for job_id, idle in spool.jobs() if self._is_done(job_id, idle)]
        for job_id in done[:_MAX_FOLDERS]:
            spool.drop(job_id)
            log.info("Removed the spool folder of upload %s.", job_id)

    def _is_done(self, job_id: str, idle_seconds: float) -> bool:
        try:
            return self._jobs.get(job_id).is_final
        except NotFoundError:
            return idle_seconds > self._staging_seconds
