"""Rings again for work that nobody does: a bell was lost, a worker died, Redis came back."""

from redis import Redis

from shared.doorbell import Doorbell
from shared.errors import ItemError
from shared.ledger import keys
from shared.ledger.ingest import IngestLedger
from shared.ledger.presence import Queue
from shared.ledger.search import SearchLedger
from worker.upkeep.spool_sweeper import SpoolSweeper

INTERVAL_SECONDS = 2.0


class Reconciler:
    """Every worker has one; a lock in Redis lets one of a queue's workers act in each interval."""

    def __init__(
        self,
        queue: Queue,
        connection: Redis,
        ingest: IngestLedger,
        searches: SearchLedger,
        doorbell: Doorbell,
        *,
        spool_sweeper: SpoolSweeper,
    ) -> None:
        self._queue = queue
        self._redis = connection
        self._ingest = ingest
        self._searches = searches
        self._doorbell = doorbell
        self._spool_sweeper = spool_sweeper

    def reconcile_in_turn(self) -> None:
        """Unless another worker of this queue did just now. Raises RedisError and UnavailableError."""
        lock = keys.RECONCILER + self._queue
        if self._redis.set(lock, "", nx=True, px=round(INTERVAL_SECONDS * 900)):
            self.reconcile()

    def reconcile(self) -> None:
        """Ring for what waits, and sweep now and then. A bell too many finds nothing and costs nothing."""
        if self._queue == "ingest":
            if self._ingest.has_work():
                self._doorbell.ring_ingest()
            self._spool_sweeper.sweep_if_due()
            return
        ring, late = self._searches.overdue()
        if ring:
            self._doorbell.ring_search()
        for job_id in late:
            self._searches.fail(job_id, ItemError("timeout", "No worker answered in time; try again."))
