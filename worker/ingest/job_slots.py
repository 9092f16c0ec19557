"""Limits the chunks of one job that a worker processes at a time: a job with slow downloads leaves room for others."""

import threading
from collections import Counter
from collections.abc import Callable, Collection

from shared.ledger.ingest import Claim

# While one chunk is encoded, the next two are downloaded and the last is written.
CHUNKS_PER_JOB = 4


class JobSlots:
    """Thread-safe."""

    def __init__(self, chunks_per_job: int = CHUNKS_PER_JOB) -> None:
        self._limit = chunks_per_job
        self._used: Counter[str] = Counter()
        # Held during a claim, so that two threads do not both take a job's last slot.
        self._lock = threading.Lock()

    def acquire(self, claim: Callable[[Collection[str]], Claim | None]) -> Claim | None:
        """Call `claim` with the ids of the jobs that have no free slot; take a slot for the chunk that it returns.

        The caller releases the slot. None if `claim` found no chunk.
        """
        with self._lock:
            claimed = claim([job for job, used in self._used.items() if used >= self._limit])
            if claimed is not None:
                self._used[claimed.job_id] += 1
            return claimed

    def release(self, claim: Claim) -> bool:
        """Free a chunk's slot. True if its job had no free slot: bells may have found no chunk to claim meanwhile."""
        with self._lock:
            used = self._used[claim.job_id]
            self._used[claim.job_id] = used - 1
            self._used += Counter()  # drops jobs without chunks
            return used >= self._limit
