"""Rings for work that nobody does: its bell was lost, its worker died, or Redis was restarted."""

from redis import Redis

from shared.doorbell import Doorbell
from shared.errors import ItemError
from shared.ledger.ingest import IngestLedger
from shared.ledger.presence import Queue
from shared.ledger.search import SearchLedger
from shared.ledger.turns import Turn
from worker.upkeep.spool_sweeper import SpoolSweeper

INTERVAL_SECONDS = 2.0


class Reconciler:
    """Every worker has one; a lock in Redis lets one worker per queue act in each interval."""

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
        self._turn = Turn.to_reconcile(connection, queue, INTERVAL_SECONDS)
        self._ingest = ingest
        self._searches = searches
        self._doorbell = doorbell
        self._spool_sweeper = spool_sweeper

    def reconcile_in_turn(self) -> None:
        """Reconcile unless another worker of this queue did in this interval. Raises RedisError, UnavailableError."""
        if self._turn.take():
            self.reconcile()

    def reconcile(self) -> None:
        """Ring if work waits; sweep the spool when due. A superfluous bell finds no work and costs next to nothing."""
        if self._queue == "ingest":
            if self._ingest.has_work():
                self._doorbell.ring_ingest()
            self._spool_sweeper.sweep_if_due()
            return
        must_ring, late = self._searches.overdue()
        if must_ring:
            self._doorbell.ring_search()
        for job_id in late:
            self._searches.fail(job_id, ItemError("timeout", "No worker answered before the deadline; try again."))
