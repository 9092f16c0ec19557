"""The path of a chunk's items through a worker: download -> prepare -> encode -> store.

`ChunkPipeline` holds the four steps in this order; each names the thread that it runs in.
"""

import hashlib
import logging
import threading
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from shared.catalogue.interface import Catalogue
from shared.domain.items import Item, Stage
from shared.errors import ItemError
from shared.ledger.ingest import Claim, IngestLedger
from shared.settings import Settings
from worker.fetch.fetcher import Download
from worker.images.decoder import decode, kept_pixels
from worker.images.thumbnail import SIDE
from worker.images.transforms import Pixels
from worker.ingest.existing import StoredPhoto, find_existing
from worker.ingest.image_sources import ImageSources
from worker.ingest.leases import Leases
from worker.ingest.outcome import ChunkResult, DownloadedImage, SeenPicture, collect
from worker.ingest.quarantine import Quarantine
from worker.ingest.writer import Writer
from worker.model.batcher import Batcher, Encoded
from worker.model.cpu_quota import available_cores
from worker.model.encoder import Encoder

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ChunkPipeline:
    """Thread-safe: chunks pass through it in parallel."""

    settings: Settings
    catalogue: Catalogue
    sources: ImageSources
    encoder: Encoder
    batcher: Batcher
    quarantine: Quarantine
    writer: Writer
    ledger: IngestLedger
    leases: Leases
    queueing: threading.Lock = field(default_factory=threading.Lock)

    def run(self, claim: Claim) -> None:
        """Run a claimed chunk through all steps, in the thread of its Celery task. Returns once its rows are queued
        for the writer, which settles it.

        Raises UnavailableError if Redis, the catalogue or the model is unavailable.
        """
        self.quarantine.announce(claim)
        existing = find_existing(self.catalogue, claim, self.sources)
        # One chunk at a time: if the items of several chunks were mixed, all chunks would end late and together.
        with self.queueing:
            images = [self.download(claim, item, existing.get(item.id)) for item in claim.items]
        for image in images:
            image.add_done_callback(lambda _: self.leases.advance(claim))
        self.store(claim, collect(claim, existing, images))

    def download(self, claim: Claim, item: Item, stored: StoredPhoto | None) -> "Future[DownloadedImage]":
        """Step 1: queue an item's download. It runs in a `fetch` thread (of an upload: in a `prepare` thread), which
        runs `on_downloaded` before it takes another download, so a full batcher holds back the downloads.

        The future fails with ItemError, or with UnavailableError if one of our own services is unavailable.
        """

        def on_downloaded(download: Download) -> DownloadedImage:
            content_hash = hashlib.sha256(download.content).digest()
            size, seconds = len(download.content), download.seconds
            if stored is not None and stored.content_hash == content_hash:
                seen = SeenPicture(stored.picture)
                if stored.lacks_thumbnail:
                    self.add_thumbnail(claim, item, download, content_hash, seen)
                return DownloadedImage(stored.url, content_hash, size, seconds, None, seen)
            seen = SeenPicture()
            prepare = partial(self.prepare, claim, item, download, content_hash, seen)
            url = self.sources.url(item, claim.collection, content_hash)
            return DownloadedImage(url, content_hash, size, seconds, self.encode(claim, prepare, size), seen)

        return self.sources.submit(item, on_downloaded)

    def prepare(self, claim: Claim, item: Item, download: Download, content_hash: bytes, seen: SeenPicture) -> Pixels:
        """Step 2: decode an image, save its thumbnail if it gets one, scale and crop to the model's input.

        Runs in a `batcher` thread if the model computes on the CPU with one thread per pass, else in the thread
        that downloaded the image. Raises ItemError if the bytes are not an image that can be decoded.
        """
        try:
            shortest = self.sources.shortest(item, kept_pixels(self.settings, self.encoder.edge))
            picture = decode(download.content, self.settings.max_image_pixels, shortest)
        except ItemError as error:
            error.tried_seconds = download.seconds
            raise
        if not claim.preflight:
            seen.picture = self.sources.keep_thumbnail(item, claim.collection, content_hash, picture)
        return self.encoder.prepare(picture)

    def add_thumbnail(
        self, claim: Claim, item: Item, download: Download, content_hash: bytes, seen: SeenPicture
    ) -> None:
        """Instead of steps 2 and 3, for an unchanged image that was stored without a thumbnail: decode it for one.

        Runs in the thread that downloaded the image. An image that cannot be decoded now stays as it is.
        """
        with suppress(ItemError):
            picture = decode(download.content, self.settings.max_image_pixels, self.sources.shortest(item, SIDE))
            seen.picture = self.sources.keep_thumbnail(item, claim.collection, content_hash, picture)

    def encode(self, claim: Claim, prepare: partial[Pixels], size: int) -> "Future[Encoded]":
        """Step 3: queue an image of `size` bytes for the model; a `batcher` thread encodes it with others in one batch.

        Runs in the thread that downloaded the image, and blocks it while the batcher's queue is full, or while the
        quarantine gives the model to other chunks.
        """
        self.quarantine.enter(claim)
        try:
            encoded = self.batcher.submit_unprepared(prepare, size)
        except BaseException:
            self.quarantine.leave()
            raise
        encoded.add_done_callback(lambda _: self.quarantine.leave())
        return encoded

    def store(self, claim: Claim, result: ChunkResult) -> None:
        """Step 4: queue the rows for the `writer` thread, which inserts them with those of other chunks and then
        settles the chunk in `on_written`. Runs in the thread of the chunk's Celery task.

        Raises UnavailableError if the writer gave up because the worker is stopping.
        """

        def on_written(write_seconds: float) -> None:
            outcome = result.outcome(write_seconds, self._threads())
            try:
                if self.ledger.settle(claim, outcome):
                    self.sources.forget(claim.items)
            finally:
                self.leases.remove(claim)
            log.info(
                *("%s: %d stored, %d unchanged, %d failed.", claim.log_name),
                *(outcome.stored, outcome.unchanged, len(outcome.failures)),
            )

        def is_wanted() -> bool:
            if self.leases.still_holds(claim):
                return True
            log.warning("%s: lost to another worker, or cancelled.", claim.log_name)
            return False

        self.writer.write(claim.collection, () if claim.preflight else result.rows, on_written, is_wanted)

    def _threads(self) -> dict[Stage, int]:
        """How many threads work on each stage."""
        return {
            "fetch": self.settings.fetch_concurrency,
            "decode": self.encoder.passes if self.encoder.has_thread_per_pass else available_cores(),
            "encode": self.encoder.passes,
            "write": 1,
        }
