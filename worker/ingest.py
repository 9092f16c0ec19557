"""Do one chunk: fetch, decode, embed and store its images, and settle it in the ledger."""

import hashlib
import logging
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from shared.catalogue.interface import Catalogue, Row
from shared.doorbell import Doorbell
from shared.errors import ItemError, ModelMismatchError, UnavailableError
from shared.items import Failure, Item, Outcome, Stage
from shared.ledger.ingest import Claim, IngestLedger
from shared.settings import Settings
from worker.batcher import Batcher, Encoded
from worker.decoder import decode
from worker.encoder import Encoder
from worker.fetcher import Fetcher
from worker.leases import Leases
from worker.quarantine import Quarantine
from worker.sources import Sources
from worker.writer import Writer

log = logging.getLogger(__name__)

# Longer than a group commit waits; a catalogue that is away for longer holds nobody up here.
_FLUSH_SECONDS = 30.0


@dataclass(frozen=True)
class _Prepared:
    """A fetched and decoded image on its way through the model. Times in seconds."""

    encoded: "Future[Encoded]"
    url: str
    content_hash: bytes
    bytes: int
    fetch_seconds: float
    decode_seconds: float


@dataclass(frozen=True)
class Ingest:
    """The parts that a chunk passes through. Chunks may be done side by side in several threads."""

    settings: Settings
    ledger: IngestLedger
    doorbell: Doorbell
    leases: Leases
    catalogue: Catalogue
    fetcher: Fetcher
    sources: Sources
    encoder: Encoder
    batcher: Batcher
    writer: Writer
    pool: ThreadPoolExecutor
    entry: threading.Lock = field(default_factory=threading.Lock)
    quarantine: Quarantine = field(default_factory=Quarantine)

    def answer_bell(self) -> None:
        """Claim the next chunk, if any, pass the bell on if more wait, and do the chunk.

        A chunk that lost a worker before is handed back and claimed again once this process does nothing else: if it
        kills its worker again, no other chunk is counted as lost with it.
        """
        with self.quarantine.admitted(alone=False):
            claim = self.ledger.claim()
            if claim is None:
                return
            if claim.attempts == 1 or self._is_given_up(claim):
                self._work(claim)
                return
            self.ledger.release(claim)
        with self.quarantine.admitted(alone=True):
            self.writer.flush(_FLUSH_SECONDS)
            claim = self.ledger.claim()
            if claim is not None:
                self._work(claim)
                self.writer.flush(_FLUSH_SECONDS)

    def _is_given_up(self, claim: Claim) -> bool:
        return claim.attempts > self.settings.chunk_attempts

    def _work(self, claim: Claim) -> None:
        self.leases.hold(claim)
        try:
            if claim.more_waiting:
                with suppress(UnavailableError):
                    self.doorbell.ring_ingest()
            self._do(claim)
        except UnavailableError:
            # One of our own parts is away: no fault of the items, so this attempt does not count.
            self.leases.drop(claim)
            self.ledger.release(claim)
            raise
        except BaseException:
            # Unforeseen: the lease runs out; a chunk that does this each time is split until its culprit is found.
            self.leases.drop(claim)
            raise

    def _do(self, claim: Claim) -> None:
        if self._is_given_up(claim):
            self._give_up(claim)
            return
        try:
            self.catalogue.ensure(claim.collection, self.encoder.name, self.encoder.dimension)
        except ModelMismatchError as error:
            self.ledger.fail_job(claim.job_id, error.code, str(error))
            self.leases.drop(claim)
            return
        # Chunk by chunk: if their items were mixed, all chunks would finish at once, and none until then.
        with self.entry:
            prepared = [self.pool.submit(self._prepare, item, claim.collection) for item in claim.items]
        self._store(claim, prepared)

    def _give_up(self, claim: Claim) -> None:
        """This chunk keeps losing its workers: halve it, or fail the one item that must be the cause."""
        log.warning("Chunk %d of job %s lost %d workers.", claim.chunk, claim.job_id, claim.attempts - 1)
        if len(claim.items) > 1:
            self.ledger.split(claim)
            self.leases.drop(claim)
            self.doorbell.ring_ingest()
            return
        failure = Failure(
            claim.items[0], "crashed_worker", f"{claim.attempts - 1} workers died with this image.", claim.attempts - 1
        )
        self.ledger.settle(claim, Outcome(0, 0, [failure], 0, {}))
        self.leases.drop(claim)

    def _prepare(self, item: Item, collection: str) -> _Prepared:
        """Fetch and decode one image and hand it to the batcher, which holds this thread while it is full."""
        started = time.perf_counter()
        content = self.sources.read(item)
        fetched = time.perf_counter()
        content_hash = hashlib.sha256(content).digest()
        picture = decode(content, self.settings.max_image_pixels)
        url = self.sources.stored_url(item, collection, content_hash, picture)
        pixels = self.encoder.prepare(picture)
        decoded = time.perf_counter()
        return _Prepared(
            encoded=self.batcher.submit_image(pixels),
            url=url,
            content_hash=content_hash,
            bytes=len(content),
            fetch_seconds=fetched - started,
            decode_seconds=decoded - fetched,
        )

    def _store(self, claim: Claim, futures: Sequence["Future[_Prepared]"]) -> None:
        rows: list[Row] = []
        failures: list[Failure] = []
        seconds: dict[Stage, float] = {"fetch": 0.0, "decode": 0.0, "encode": 0.0}
        size = 0
        for item, future in zip(claim.items, futures, strict=True):
            try:
                prepared = future.result()
                encoded = prepared.encoded.result()
            except ItemError as error:
                attempts = self.settings.fetch_attempts if error.retryable else 1
                failures.append(Failure(item, error.code, str(error), attempts))
                continue
            seconds["fetch"] += prepared.fetch_seconds
            seconds["decode"] += prepared.decode_seconds
            seconds["encode"] += encoded.seconds
            size += prepared.bytes
            rows.append(_row(item, prepared, encoded, claim.version))

        def written(write_seconds: float) -> None:
            stages: dict[Stage, float] = {**seconds, "write": write_seconds}
            try:
                if self.ledger.settle(claim, Outcome(len(rows), 0, failures, size, stages)):
                    self.sources.forget(claim.items)
            finally:
                self.leases.drop(claim)
            log.info("Job %s, chunk %d: %d stored, %d failed.", claim.job_id, claim.chunk, len(rows), len(failures))

        self.writer.write(claim.collection, rows, written)


def _row(item: Item, prepared: _Prepared, encoded: Encoded, version: int) -> Row:
    return Row(item.id, prepared.url, encoded.vector, prepared.content_hash, item.attributes, version)
