"""Do one chunk: fetch, decode, embed and store its images, and settle it in the ledger."""

import hashlib
import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import partial

from shared.catalogue.interface import Catalogue, check_model
from shared.domain.items import Failure, Item, Outcome, Stage
from shared.doorbell import Doorbell
from shared.errors import ConfigurationError, ItemError, ModelMismatchError, NewerSchemaError, UnavailableError
from shared.ledger.ingest import Claim, IngestLedger
from shared.settings import Settings
from worker.fetch.fetcher import Download, Fetcher
from worker.images.decoder import decode, kept_pixels
from worker.images.transforms import Pixels
from worker.ingest.existing import StoredPhoto, look_up
from worker.ingest.image_sources import ImageSources, stored_url
from worker.ingest.job_slots import JobSlots
from worker.ingest.leases import Leases
from worker.ingest.outcome import Prepared, Tally
from worker.ingest.quarantine import Quarantine
from worker.ingest.writer import Writer
from worker.model.batcher import Batcher
from worker.model.cpu_quota import available_cores
from worker.model.encoder import Encoder

log = logging.getLogger(__name__)

# Longer than a group commit waits; a catalogue that is away for longer holds nobody up here.
_FLUSH_SECONDS = 30.0
# Before this worker takes its next chunk when a part of ours is away.
_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Ingest:
    """The parts that a chunk passes through. Chunks may be done side by side in several threads."""

    settings: Settings
    ledger: IngestLedger
    doorbell: Doorbell
    leases: Leases
    catalogue: Catalogue
    fetcher: Fetcher
    sources: ImageSources
    encoder: Encoder
    batcher: Batcher
    writer: Writer
    pool: ThreadPoolExecutor
    entry: threading.Lock = field(default_factory=threading.Lock)
    quarantine: Quarantine = field(default_factory=Quarantine)
    job_slots: JobSlots = field(default_factory=JobSlots)
    stopping: threading.Event = field(default_factory=threading.Event)

    def answer_bell(self) -> None:
        """Claim the next chunk, if any, pass the bell on if more wait, and do the chunk.

        A chunk that lost a worker before is handed back and claimed again once this process does nothing else: if it
        kills its worker again, no other chunk is counted as lost with it.
        """
        with self.quarantine.admitted(alone=False), self._claimed() as claim:
            if claim is None:
                return
            if claim.attempts == 1 or self._is_given_up(claim):
                self._work(claim)
                return
            self.ledger.release(claim)
        with self.quarantine.admitted(alone=True):
            self.writer.flush(_FLUSH_SECONDS)
            with self._claimed() as claim:
                if claim is not None:
                    self._work(claim)
                    self.writer.flush(_FLUSH_SECONDS)

    @contextmanager
    def _claimed(self) -> Iterator[Claim | None]:
        claim = self.job_slots.acquire(self.ledger.claim)
        try:
            yield claim
        finally:
            if claim is not None and self.job_slots.release(claim) and claim.more_waiting:
                self._ring()

    def _ring(self) -> None:
        # While Redis is away nobody would hear it; then the reconciler rings.
        with suppress(UnavailableError):
            self.doorbell.ring_ingest()

    def _is_given_up(self, claim: Claim) -> bool:
        return claim.attempts > self.settings.chunk_attempts

    def _work(self, claim: Claim) -> None:
        self.leases.hold(claim)
        try:
            if claim.more_waiting:
                self._ring()
            self._do(claim)
        except UnavailableError:
            # One of our own parts is away: no fault of the items, so this attempt does not count.
            self.leases.drop(claim)
            self.ledger.release(claim)
            # Else the chunk, which waits again, would be claimed again at once, as fast as the parts can be asked.
            self.stopping.wait(_PAUSE_SECONDS)
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
            self._check_collection(claim)
        except (ConfigurationError, ModelMismatchError, NewerSchemaError) as error:
            self.ledger.fail_job(claim.job_id, error.code, str(error))
            self.leases.drop(claim)
            return
        held = look_up(self.catalogue, claim)
        # Chunk by chunk: if their items were mixed, all chunks would finish at once, and none until then.
        with self.entry:
            prepared = [
                self.sources.submit(item, partial(self._hand_over, claim, item, held.get(item.id)))
                for item in claim.items
            ]
        self._store(claim, Tally.of(claim.version, claim.items, held, prepared))

    def _check_collection(self, claim: Claim) -> None:
        """Create the collection on first use, but not for a preflight. Raises ModelMismatchError, NewerSchemaError;
        and ConfigurationError, where the catalogue cannot serve."""
        name, dimension = self.encoder.name, self.encoder.dimension
        if not claim.preflight:
            self.catalogue.ensure(claim.collection, name, dimension)
            return
        found = self.catalogue.describe(claim.collection)
        if found is not None:
            check_model(found, name, dimension)

    def _give_up(self, claim: Claim) -> None:
        """This chunk keeps losing its workers: halve it, or fail the one item that must be the cause."""
        log.warning("Chunk %d of job %s lost %d workers.", claim.chunk, claim.job_id, claim.attempts - 1)
        if len(claim.items) > 1:
            self.ledger.split(claim)
            self.leases.drop(claim)
            self._ring()
            return
        failure = Failure(
            claim.items[0], "crashed_worker", f"{claim.attempts - 1} workers died with this image.", claim.attempts - 1
        )
        self.ledger.settle(claim, Outcome(0, 0, [failure], 0, {}))
        self.leases.drop(claim)

    def _hand_over(self, claim: Claim, item: Item, held: StoredPhoto | None, download: Download) -> Prepared:
        """Hand an image to the batcher, which holds the thread that fetched it while it is full."""
        content_hash = hashlib.sha256(download.content).digest()
        fetched = Prepared(None, item.url, content_hash, len(download.content), download.seconds)
        if held is not None and held.content_hash == content_hash:
            return replace(fetched, url=held.url)
        pixels = partial(self._pixels, claim.collection, item, download, content_hash)
        return replace(
            fetched,
            encoded=self.batcher.submit_unprepared(pixels, len(download.content)),
            url=stored_url(item, claim.collection, content_hash),
        )

    def _pixels(self, collection: str, item: Item, download: Download, content_hash: bytes) -> Pixels:
        """Decode an image for the model, and keep its thumbnail, if it has one."""
        try:
            shortest = self.sources.shortest(item, kept_pixels(self.settings, self.encoder.edge))
            picture = decode(download.content, self.settings.max_image_pixels, shortest)
        except ItemError as error:
            error.tried_seconds = download.seconds
            raise
        self.sources.keep_thumbnail(item, collection, content_hash, picture)
        return self.encoder.prepare(picture)

    def _store(self, claim: Claim, tally: Tally) -> None:
        def written(write_seconds: float) -> None:
            outcome = tally.outcome(write_seconds, self._stage_lanes())
            try:
                if self.ledger.settle(claim, outcome):
                    self.sources.forget(claim.items)
            finally:
                self.leases.drop(claim)
            log.info(
                *("Job %s, chunk %d: %d stored, %d unchanged, %d failed.", claim.job_id, claim.chunk),
                *(outcome.stored, outcome.unchanged, len(outcome.failures)),
            )

        def is_wanted() -> bool:
            if self.leases.still_holds(claim):
                return True
            log.warning("Job %s, chunk %d: another worker has taken it over.", claim.job_id, claim.chunk)
            return False

        self.writer.write(claim.collection, () if claim.preflight else tally.rows, written, is_wanted)

    def _stage_lanes(self) -> dict[Stage, int]:
        """How many items each stage has in its hands at a time."""
        return {
            "fetch": self.settings.fetch_concurrency,
            "decode": self.encoder.passes if self.encoder.has_thread_per_pass else available_cores(),
            "encode": self.encoder.passes,
            "write": 1,
        }
