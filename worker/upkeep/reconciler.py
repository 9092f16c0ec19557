"""Rings again for work that no worker takes: its bell was lost, its worker died, or Redis was restarted."""

from shared.doorbell import Doorbell
from shared.errors import ItemError
from shared.ledger.ingest import IngestLedger
from shared.ledger.search import SearchLedger
from shared.ledger.turns import Turn
from worker.upkeep.spool_sweeper import SpoolSweeper

INTERVAL_SECONDS = 2.0


class IngestReconciler:
    """Every ingest worker has one; a lock in Redis lets one of them act in each interval."""

    def __init__(self, turn: Turn, ledger: IngestLedger, doorbell: Doorbell, spool_sweeper: SpoolSweeper) -> None:
        self._turn = turn
        self._ledger = ledger
        self._doorbell = doorbell
        self._spool_sweeper = spool_sweeper

    def reconcile_in_turn(self) -> None:
        """Reconcile unless another worker did in this interval. Raises RedisError and UnavailableError."""
        if self._turn.take():
            self.reconcile()

    def reconcile(self) -> None:
        """Ring if work waits; sweep the spool when due. A superfluous bell finds no work and costs next to nothing."""
        if self._ledger.has_work():
            self._doorbell.ring_ingest()
        self._spool_sweeper.sweep_if_due()


class SearchReconciler:
    """Every search worker has one; a lock in Redis lets one of them act in each interval."""

    def __init__(self, turn: Turn, ledger: SearchLedger, doorbell: Doorbell) -> None:
        self._turn = turn
        self._ledger = ledger
        self._doorbell = doorbell

    def reconcile_in_turn(self) -> None:
        """Reconcile unless another worker did in this interval. Raises RedisError and UnavailableError."""
        if self._turn.take():
            self.reconcile()

    def reconcile(self) -> None:
        """Ring if searches wait; fail those past their deadline."""
        must_ring, late = self._ledger.overdue()
        if must_ring:
            self._doorbell.ring_search()
        for job_id in late:
            self._ledger.fail(job_id, ItemError("timeout", "No worker answered before the deadline; try again."))
