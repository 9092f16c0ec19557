"""The heartbeat of the chunks in this process: their leases are renewed until they are settled or handed back."""

import logging
import threading

from redis.exceptions import RedisError

from shared.ledger.ingest import Claim, IngestLedger

log = logging.getLogger(__name__)


class Leases:
    """One thread renews all of the process's leases, three times per lease."""

    def __init__(self, ledger: IngestLedger, lease_seconds: float) -> None:
        self._ledger = ledger
        self._interval = lease_seconds / 3
        self._held: dict[str, Claim] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
        self._thread.start()

    def hold(self, claim: Claim) -> None:
        with self._lock:
            self._held[claim.member] = claim

    def drop(self, claim: Claim) -> None:
        with self._lock:
            self._held.pop(claim.member, None)

    def close(self) -> None:
        """Stop renewing and hand back what was never settled."""
        self._stop.set()
        self._thread.join()
        self.hand_back()

    def hand_back(self) -> None:
        """Hand back what is not settled, as if this worker had never claimed it."""
        with self._lock:
            held = list(self._held.values())
        for claim in held:
            self._ledger.release(claim)

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            with self._lock:
                held = list(self._held.values())
            try:
                self._ledger.renew(held)
            except RedisError as error:
                log.warning("Leases could not be renewed (%s).", type(error).__name__)
