"""The heartbeat of the chunks in this process: their leases are renewed until they are settled or handed back."""

import logging
import threading
import time
from collections.abc import Sequence

from redis.exceptions import RedisError

from shared.errors import UnavailableError
from shared.ledger.ingest import Claim, IngestLedger

log = logging.getLogger(__name__)


class Leases:
    """One thread renews all of the process's leases, three times per lease."""

    def __init__(self, ledger: IngestLedger, lease_seconds: float) -> None:
        self._ledger = ledger
        self._seconds = lease_seconds
        self._held: dict[str, Claim] = {}
        self._until: dict[str, float] = {}
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
            self._until.pop(claim.member, None)

    def count(self) -> int:
        """How many chunks the process has in its hands."""
        with self._lock:
            return len(self._held)

    def still_holds(self, claim: Claim) -> bool:
        """Whether nobody else has taken the chunk over, as they may have if this process was stopped for a while.

        Raises UnavailableError if Redis must be asked and is away.
        """
        with self._lock:
            if _now() < self._until.get(claim.member, 0.0):
                return True
        try:
            self._renew([claim])
        except RedisError as error:
            raise UnavailableError("Redis cannot be reached.") from error
        with self._lock:
            return claim.member in self._until

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

    def _renew(self, claims: Sequence[Claim]) -> None:
        """Believe in a lease only as long as it lasts from before it was asked for; forget those that were lost."""
        until = _now() + self._seconds
        renewed = {claim.member for claim in self._ledger.extend(claims)}
        with self._lock:
            for claim in claims:
                if claim.member not in renewed:
                    self._held.pop(claim.member, None)
                    self._until.pop(claim.member, None)
                elif claim.member in self._held:
                    self._until[claim.member] = until

    def _run(self) -> None:
        while not self._stop.wait(self._seconds / 3):
            with self._lock:
                held = list(self._held.values())
            try:
                self._renew(held)
            except RedisError as error:
                log.warning("Leases could not be renewed (%s).", type(error).__name__)


def _now() -> float:
    """Seconds that pass also while the machine sleeps, where the system can tell."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
