"""Searches that wait for an ingest or a deletion to end: they occupy no thread meanwhile."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from redis.exceptions import RedisError

from shared.errors import ItemError, NotFoundError
from shared.ledger.jobs import Jobs
from shared.ledger.search import SearchClaim, SearchLedger

log = logging.getLogger(__name__)

# Only while anything is parked, one read for each job that is waited for.
_LOOK_SECONDS = 0.05
# Well within the time after which a silent worker's searches are given to another.
_STILL_AT_IT_SECONDS = 4.0


@dataclass(slots=True, eq=False)
class _Parked:
    claim: SearchClaim
    deadline: float
    since: float
    said: float


class Parking:
    """One thread looks after all that is parked, while there is any. `go_on` is called with each whose job ended,
    its deadline, and for how many seconds it was parked."""

    def __init__(self, jobs: Jobs, ledger: SearchLedger, go_on: Callable[[SearchClaim, float, float], None]) -> None:
        self._jobs = jobs
        self._ledger = ledger
        self._go_on = go_on
        self._changed = threading.Condition()
        self._parked: list[_Parked] = []
        self._closed = False
        self._thread: threading.Thread | None = None

    def has_ended(self, claim: SearchClaim) -> bool:
        """Whether the search need not wait. Raises ItemError if what it would wait for is not there.

        That it is of the search's collection was checked before the search was recorded.
        """
        wanted = claim.query.after_job
        if wanted is None:
            return True
        try:
            job = self._jobs.get(wanted)
        except NotFoundError as error:
            raise ItemError("after_job_not_found", f"after_job: {error}") from None
        return job.is_final

    def park(self, claim: SearchClaim, deadline: float) -> None:
        """Look after a search until its job has ended, or its deadline (`time.monotonic`) is there."""
        with self._changed:
            now = time.monotonic()
            self._parked.append(_Parked(claim, deadline, now, now))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="parking", daemon=True)
                self._thread.start()
            self._changed.notify()

    def close(self) -> None:
        """Hand what is parked to other workers. Raises RedisError."""
        with self._changed:
            self._closed = True
            left, self._parked = self._parked, []
            self._changed.notify()
        for parked in left:
            self._ledger.release(parked.claim)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._parked)
                if self._closed:
                    return
                looked_at = list(self._parked)
            try:
                done = self._look(looked_at)
                with self._changed:
                    self._parked = [parked for parked in self._parked if parked not in done]
            except RedisError as error:
                log.warning("Redis is away (%s); trying again.", type(error).__name__)
            time.sleep(_LOOK_SECONDS)

    def _look(self, looked_at: list[_Parked]) -> list[_Parked]:
        """Send those on their way that need not wait any longer, and return them."""
        ended: dict[str | None, bool | ItemError] = {}
        done: list[_Parked] = []
        for parked in looked_at:
            wanted = parked.claim.query.after_job
            if wanted not in ended:
                try:
                    ended[wanted] = self.has_ended(parked.claim)
                except ItemError as error:
                    ended[wanted] = error
            verdict = ended[wanted]
            now = time.monotonic()
            if isinstance(verdict, ItemError):
                self._ledger.fail(parked.claim.job_id, verdict)
            elif verdict:
                self._go_on(parked.claim, parked.deadline, now - parked.since)
            elif now >= parked.deadline:
                late = ItemError("timeout", f"Job {wanted} (after_job) had not ended in time; search again later.")
                self._ledger.fail(parked.claim.job_id, late)
            else:
                if now - parked.said > _STILL_AT_IT_SECONDS:
                    self._ledger.extend(parked.claim)
                    parked.said = now
                continue
            done.append(parked)
        return done
