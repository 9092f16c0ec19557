"""The leases of this process' chunks: a thread extends them until the chunks are settled or released."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Sequence

from redis.exceptions import RedisError

from shared.errors import UnavailableError
from shared.ledger.ingest import Claim, IngestLedger

log = logging.getLogger(__name__)


class Leases:
    """Thread-safe. The thread `leases` extends all leases of the process three times per lease period."""

    def __init__(self, ledger: IngestLedger, lease_seconds: float) -> None:
        self._ledger = ledger
        self._seconds = lease_seconds
        self._held: dict[str, Claim] = {}
        self._until: dict[str, float] = {}
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leases", daemon=True)
        self._thread.start()

    def add(self, claim: Claim) -> None:
        """Extend this chunk's lease from now on."""
        with self._lock:
            self._held[claim.member] = claim

    def remove(self, claim: Claim) -> None:
        """Stop extending it: the chunk is settled or released, or its lease should expire."""
        with self._lock:
            self._held.pop(claim.member, None)
            self._until.pop(claim.member, None)
            del self._under_way[claim.member]

    def advance(self, claim: Claim) -> None:
        """One more item of the chunk is downloaded; the next extension records it."""
        with self._lock:
            if claim.member in self._held:
                self._under_way[claim.member] += 1

    def count(self) -> int:
        """The number of chunks that this process holds."""
        with self._lock:
            return len(self._held)

    def still_holds(self, claim: Claim) -> bool:
        """Whether the chunk is still ours: not claimed by another worker while this process was suspended, and its job
        not cancelled. Asks Redis only if the lease was not extended within the last lease period.

        Raises UnavailableError if Redis must be asked and cannot be reached.
        """
        with self._lock:
            if _now() < self._until.get(claim.member, 0.0):
                return True
        try:
            self._extend([claim])
        except RedisError as error:
            raise UnavailableError("Redis cannot be reached.") from error
        with self._lock:
            return claim.member in self._until

    def stop(self) -> None:
        """Stop extending leases; the remaining ones expire unless they are released."""
        self._stop.set()
        self._thread.join()

    def release_all(self) -> None:
        """Release the chunks that are not settled, as if this worker had never claimed them. Raises RedisError."""
        with self._lock:
            held = list(self._held.values())
        for claim in held:
            self._ledger.release(claim)

    def _extend(self, claims: Sequence[Claim]) -> None:
        """Extend all leases and drop lost ones. A lease counts from before the request to Redis, never longer."""
        until = _now() + self._seconds
        with self._lock:
            under_way = dict(self._under_way)
        extended = {claim.member for claim in self._ledger.extend(claims, under_way)}
        with self._lock:
            for claim in claims:
                if claim.member not in extended:
                    self._held.pop(claim.member, None)
                    self._until.pop(claim.member, None)
                    del self._under_way[claim.member]
                elif claim.member in self._held:
                    self._until[claim.member] = until

    def _run(self) -> None:
        while not self._stop.wait(self._seconds / 3):
            with self._lock:
                held = list(self._held.values())
            try:
                self._extend(held)
            except RedisError as error:
                log.warning("Leases could not be extended (%s).", type(error).__name__)


def _now() -> float:
    """Seconds of a clock that also runs while the machine is suspended, where the system has one."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
