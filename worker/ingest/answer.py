"""Answer a bell: claim a chunk, keep its lease, process it, and release or fail what cannot be processed."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from shared.catalogue.interface import Catalogue, check_model
from shared.domain.items import Failure, Outcome
from shared.doorbell import Doorbell
from shared.errors import ConfigurationError, ModelMismatchError, NewerSchemaError, UnavailableError
from shared.ledger.ingest import Claim, IngestLedger
from worker.ingest.chunk import ChunkPipeline
from worker.ingest.job_slots import JobSlots
from worker.ingest.leases import Leases
from worker.model.encoder import Encoder

log = logging.getLogger(__name__)

# Pause before the next claim if Redis or the catalogue is unavailable: otherwise the released chunk would be claimed
# again immediately.
_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Ingest:
    """Thread-safe: Celery answers up to 16 bells at a time, each in a thread of its pool with a chunk of its own."""

    ledger: IngestLedger
    doorbell: Doorbell
    catalogue: Catalogue
    encoder: Encoder
    leases: Leases
    pipeline: ChunkPipeline
    chunk_attempts: int
    job_slots: JobSlots = field(default_factory=JobSlots)
    stopping: threading.Event = field(default_factory=threading.Event)

    def answer_bell(self) -> None:
        """Claim the next chunk, if any, ring again if more wait, and process the chunk.

        Raises UnavailableError, with the chunk released and its attempt not counted, and RedisError.
        """
        with self._claimed() as claim:
            if claim is not None:
                self._hold(claim)

    @contextmanager
    def _claimed(self) -> Iterator[Claim | None]:
        claim = self.job_slots.acquire(self.ledger.claim)
        try:
            yield claim
        finally:
            if claim is not None and self.job_slots.release(claim) and claim.more_waiting:
                self._ring()

    def _ring(self) -> None:
        # If Redis is unavailable the bell is lost, and the reconciler rings later.
        with suppress(UnavailableError):
            self.doorbell.ring_ingest()

    def _hold(self, claim: Claim) -> None:
        self.leases.add(claim)
        try:
            if claim.more_waiting:
                self._ring()
            self._process(claim)
        except UnavailableError:
            # A fault of our own services, not of the items: the attempt does not count.
            self._release(claim)
            self.stopping.wait(_PAUSE_SECONDS)
            raise
        except BaseException:
            # Unforeseen: let the lease expire. A chunk that does this every time is split until its culprit is found.
            self.leases.remove(claim)
            raise

    def _process(self, claim: Claim) -> None:
        if claim.attempts > self.chunk_attempts:
            self._give_up(claim)
            return
        try:
            self._check_collection(claim)
        except (ConfigurationError, ModelMismatchError, NewerSchemaError) as error:
            self.ledger.fail_job(claim.job_id, error.code, str(error))
            self._release(claim)
            return
        self.pipeline.run(claim)

    def _check_collection(self, claim: Claim) -> None:
        """Create the collection on first use, but not for a preflight.

        Raises ModelMismatchError, NewerSchemaError, and ConfigurationError if the catalogue cannot serve.
        """
        name, dimension = self.encoder.name, self.encoder.dimension
        if not claim.preflight:
            self.catalogue.ensure(claim.collection, name, dimension)
            return
        found = self.catalogue.describe(claim.collection)
        if found is not None:
            check_model(found, name, dimension)

    def _give_up(self, claim: Claim) -> None:
        """Split a chunk that keeps losing its workers in two; fail a single item that does."""
        lost = claim.attempts - 1
        log.warning("%s: lost %d workers.", claim.log_name, lost)
        if len(claim.items) > 1:
            self.ledger.split(claim)
            self.leases.remove(claim)
            self._ring()
            return
        failure = Failure(claim.items[0], "crashed_worker", f"{lost} workers died with this image.", lost)
        self.ledger.settle(claim, Outcome(0, 0, [failure], 0, {}))
        self.leases.remove(claim)

    def _release(self, claim: Claim) -> None:
        self.leases.remove(claim)
        self.ledger.release(claim)
