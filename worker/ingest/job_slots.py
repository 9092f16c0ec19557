"""How many chunks of one job a worker does side by side, so that a job whose images are slow to come leaves room."""

import threading
from collections import Counter
from collections.abc import Callable, Collection

from shared.ledger.ingest import Claim

# While one chunk is embedded, the next are fetched and the last is written.
CHUNKS_OF_A_JOB = 4


class JobSlots:
    """Thread-safe."""

    def __init__(self, chunks_of_a_job: int = CHUNKS_OF_A_JOB) -> None:
        self._most = chunks_of_a_job
        self._held: Counter[str] = Counter()
        # Held during a claim, so that two threads do not both take a job's last lane.
        self._lock = threading.Lock()

    def acquire(self, claim: Callable[[Collection[str]], Claim | None]) -> Claim | None:
        """Claim a chunk of any job but those that have as many as they may; the caller gives its lane back."""
        with self._lock:
            claimed = claim([job for job, held in self._held.items() if held >= self._most])
            if claimed is not None:
                self._held[claimed.job_id] += 1
            return claimed

    def release(self, claim: Claim) -> bool:
        """Give a lane back; True if bells may have been answered in vain while the job had as many as it may."""
        with self._lock:
            held = self._held[claim.job_id]
            self._held[claim.job_id] = held - 1
            self._held += Counter()  # forgets jobs without chunks
            return held >= self._most
