"""Searches that wait for an ingest or a deletion to end (`after_job`). They occupy no thread meanwhile."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from redis.exceptions import RedisError

from shared.errors import ItemError, NotFoundError
from shared.ledger.jobs import Jobs
from shared.ledger.search import SearchClaim, SearchLedger
from shared.ledger.watcher import Watcher

log = logging.getLogger(__name__)

# Interval of claim extensions, well below the claim's TTL of 10 s. Jobs are read then, too, in case a message is lost.
_EXTEND_SECONDS = 4.0
_RETRY_SECONDS = 0.5


@dataclass(slots=True, eq=False)
class _Deferred:
    """`deadline`, `since` and `extended` are times of `time.monotonic`."""

    claim: SearchClaim
    after_job: str
    deadline: float
    since: float
    extended: float


class DeferredSearches:
    """One thread serves all deferred searches of a worker; the watcher wakes it when an awaited job changes."""

    def __init__(
        self,
        jobs: Jobs,
        watcher: Watcher,
        ledger: SearchLedger,
        resume: Callable[[SearchClaim, float, float], None],
    ) -> None:
        """`resume` is called with the claim, its deadline and the seconds that it waited."""
        self._jobs = jobs
        self._watcher = watcher
        self._ledger = ledger
        self._resume = resume
        self._lock = threading.Lock()
        self._deferred: list[_Deferred] = []
        self._changed = threading.Event()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self._deferred)

    def defer(self, claim: SearchClaim, deadline: float) -> bool:
        """Whether the search must wait for its `after_job`; if so, it is kept until that job ends or `deadline`
        (`time.monotonic`) passes.

        Raises ItemError `after_job_not_found`. That the job belongs to the search's collection is checked by the API.
        """
        after_job = claim.query.after_job
        if after_job is None or self._has_ended(after_job):
            return False
        now = time.monotonic()
        with self._lock:
            is_closed = self._closed.is_set()
            if not is_closed:
                self._deferred.append(_Deferred(claim, after_job, deadline, now, now))
                self._start()
        if is_closed:
            self._ledger.release(claim)
        # Wakes the thread for its first check: the job may have ended before it is watched.
        self._changed.set()
        return True

    def close(self) -> None:
        """Release all deferred searches to other workers. Raises RedisError."""
        with self._lock:
            self._closed.set()
        self._changed.set()
        if self._thread is not None:
            self._thread.join()
        for deferred in self._deferred:
            self._ledger.release(deferred.claim)
        self._deferred = []

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._serve, name="deferred-searches", daemon=True)
            self._thread.start()

    def _serve(self) -> None:
        while not self._closed.is_set():
            # Cleared before the list and the jobs are read: what changes after that is not missed.
            self._changed.clear()
            with self._lock:
                waiting = list(self._deferred)
            with self._watcher.watching({deferred.after_job for deferred in waiting}, self._changed):
                try:
                    self._check(waiting)
                except RedisError as error:
                    log.warning("Redis is unavailable (%s); trying again.", type(error).__name__)
                    self._closed.wait(_RETRY_SECONDS)
                else:
                    self._changed.wait(self._seconds_to_next_check())

    def _check(self, waiting: list[_Deferred]) -> None:
        """Resume or fail those that need not wait any longer; extend the claims of the others. Raises RedisError."""
        ended: dict[str, bool | ItemError] = {}
        for deferred in waiting:
            if deferred.after_job not in ended:
                try:
                    ended[deferred.after_job] = self._has_ended(deferred.after_job)
                except ItemError as error:
                    ended[deferred.after_job] = error
            if self._is_done(deferred, ended[deferred.after_job]):
                with self._lock:
                    self._deferred.remove(deferred)

    def _is_done(self, deferred: _Deferred, ended: bool | ItemError) -> bool:
        now = time.monotonic()
        if isinstance(ended, ItemError):
            self._ledger.fail(deferred.claim.job_id, ended)
        elif ended:
            self._resume(deferred.claim, deferred.deadline, now - deferred.since)
        elif now >= deferred.deadline:
            reason = f"Job {deferred.after_job} (after_job) did not end before the deadline; search again later."
            self._ledger.fail(deferred.claim.job_id, ItemError("timeout", reason))
        else:
            if now - deferred.extended >= _EXTEND_SECONDS:
                self._ledger.extend(deferred.claim)
                deferred.extended = now
            return False
        return True

    def _seconds_to_next_check(self) -> float | None:
        """Until the next extension or deadline; None, if nothing is deferred, is until something changes."""
        with self._lock:
            due = [min(deferred.deadline, deferred.extended + _EXTEND_SECONDS) for deferred in self._deferred]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _has_ended(self, job_id: str) -> bool:
        """Raises ItemError `after_job_not_found` and RedisError."""
        try:
            return self._jobs.get(job_id).is_final
        except NotFoundError as error:
            raise ItemError("after_job_not_found", f"after_job: {error}") from None
