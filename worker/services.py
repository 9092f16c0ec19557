"""The wiring of a worker process: every part, built in one place."""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from celery import Celery
from redis.exceptions import RedisError

from shared.catalogue.connect import connect as connect_catalogue
from shared.doorbell import Doorbell
from shared.ledger.commands import CommandLedger
from shared.ledger.connection import connect as connect_redis
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from shared.ledger.presence import ALIVE_SECONDS, Presence, Queue
from shared.ledger.search import SearchLedger
from shared.ledger.watcher import Watcher
from shared.settings import Settings
from shared.uploads.spool import Spool
from shared.uploads.thumbnails import Thumbnails
from worker.fetch.address_policy import AddressPolicy
from worker.fetch.fetcher import Fetcher
from worker.ingest.chunk import Ingest
from worker.ingest.image_sources import ImageSources
from worker.ingest.leases import Leases
from worker.ingest.writer import Writer
from worker.model.batcher import Batcher
from worker.model.encoder import ClipEncoder, Encoder
from worker.model.tuning import tune
from worker.search.answer import Search
from worker.search.terms import Terms, TextVectors
from worker.upkeep.deletions import Deletions
from worker.upkeep.heartbeat import Heartbeat
from worker.upkeep.indexes import Indexes
from worker.upkeep.periodic import PeriodicThread
from worker.upkeep.reconciler import INTERVAL_SECONDS, Reconciler
from worker.upkeep.spool_sweeper import SpoolSweeper

log = logging.getLogger(__name__)

_SEARCH_THREADS = 64
# From SIGTERM to the end, whatever hangs: the embedded stack kills after 15 s, Kubernetes after 30 s. The writer gives
# up before, so that an absent catalogue leaves time for the rest.
_DRAIN_SECONDS = 12.0
_WRITE_SECONDS = 9.0


@dataclass(frozen=True)
class WorkerServices:
    """What a worker process holds, from its start to its end."""

    queue: Queue
    name: str
    ingest: Ingest
    search: Search
    deletions: Deletions
    indexes: Indexes
    reconciler: Reconciler
    periodic_threads: Sequence[PeriodicThread]
    presence: Presence
    heartbeat: Heartbeat
    gone: threading.Event

    def start(self) -> None:
        """Tell, until `close`, that this worker is ready; start to reconcile."""
        self.heartbeat.start()
        for thread in self.periodic_threads:
            thread.start()
        threading.Thread(target=self._announce, name="presence", daemon=True).start()

    def drain(self) -> None:
        """Begin no more downloads: chunks that still need some are handed back, the others are finished, in time."""
        self.ingest.stopping.set()
        self.ingest.fetcher.close()
        self.ingest.writer.stop(_WRITE_SECONDS)
        deadline = threading.Timer(_DRAIN_SECONDS, self._end_now)
        deadline.daemon = True
        deadline.start()

    def close(self) -> None:
        """Finish what is in flight, in the order in which it flows, and hand the rest back."""
        self.gone.set()
        for thread in self.periodic_threads:
            thread.close()
        self.search.close()
        self.ingest.fetcher.close()
        self.ingest.pool.shutdown()
        self.ingest.batcher.close()
        self.ingest.writer.close()
        self._leave(self.ingest.leases.close)
        self.heartbeat.close()

    def _leave(self, hand_back: Callable[[], None]) -> None:
        try:
            hand_back()
            self.presence.leave(self.queue, self.name)
        except RedisError as error:
            log.warning("Redis is away (%s); the leases of unfinished chunks run out.", type(error).__name__)

    def _end_now(self) -> None:
        """Something hangs: a download, the catalogue, the model. What this worker holds goes to others, untouched."""
        log.warning("Not done after %g s; what is left is handed back.", _DRAIN_SECONDS)
        self._leave(self.ingest.leases.hand_back)
        os._exit(0)

    def _announce(self) -> None:
        facts = self.ingest.encoder.facts()
        while True:
            try:
                self.presence.announce(self.queue, self.name, facts)
                self.heartbeat.redis_answered()
            except RedisError as error:
                log.warning("Redis is away (%s); trying again.", type(error).__name__)
            if self.gone.wait(ALIVE_SECONDS / 3):
                return


def build(
    settings: Settings,
    app: Celery,
    queue: Queue,
    name: str,
    *,
    encoder: Encoder | None = None,
    fetcher: Fetcher | None = None,
) -> WorkerServices:
    """Load the model, unless an encoder is given, and connect everything. Raises ConfigurationError for what cannot
    work."""
    redis = connect_redis(settings)
    catalogue = connect_catalogue(settings)
    doorbell = Doorbell(app)
    encoder = encoder or _load_encoder(settings, queue)
    fetcher = fetcher or Fetcher(settings, AddressPolicy(settings.fetch_allow), encoder.edge)
    log.info("Model %s is ready, %d dimensions.", encoder.name, encoder.dimension)
    batcher = Batcher(encoder)
    threads = settings.fetch_concurrency if queue == "ingest" else _SEARCH_THREADS
    pool = ThreadPoolExecutor(threads, thread_name_prefix="prepare")
    heartbeat = Heartbeat(Path(settings.heartbeat_file) if settings.heartbeat_file else None, batcher.works)
    heartbeat.watch(app)
    spool_sweeper = SpoolSweeper(Spool.from_settings(settings), Jobs(redis, settings), settings.staging_seconds)
    ingest_ledger, search_ledger = IngestLedger(redis, settings), SearchLedger(redis, settings)
    leases = Leases(ingest_ledger, settings.lease_seconds)
    reconciler = Reconciler(queue, redis, ingest_ledger, search_ledger, doorbell, spool_sweeper=spool_sweeper)
    deletions = Deletions(CommandLedger(redis, settings, "delete"), catalogue, Thumbnails.from_settings(settings))
    indexes = Indexes(CommandLedger(redis, settings, "index"), catalogue, redis, settings.index_rows)
    periodic_threads = [PeriodicThread("reconciler", reconciler.reconcile_in_turn, INTERVAL_SECONDS)]
    if queue == "ingest":
        periodic_threads.append(PeriodicThread("deletions", deletions.wait_and_delete, 0))
        periodic_threads.append(PeriodicThread("indexes", indexes.wait_and_do, 0))
    return WorkerServices(
        queue=queue,
        name=name,
        ingest=Ingest(
            settings=settings,
            ledger=ingest_ledger,
            doorbell=doorbell,
            leases=leases,
            catalogue=catalogue,
            fetcher=fetcher,
            sources=ImageSources(settings, fetcher, pool),
            encoder=encoder,
            batcher=batcher,
            writer=Writer(catalogue, settings.write_rows, settings.write_seconds, leases.count),
            pool=pool,
        ),
        search=Search(
            search_ledger,
            Jobs(redis, settings),
            Watcher(redis, Jobs(redis, settings)),
            doorbell,
            catalogue=catalogue,
            terms=Terms(settings, catalogue, fetcher, encoder, batcher, pool, TextVectors()),
        ),
        deletions=deletions,
        indexes=indexes,
        reconciler=reconciler,
        periodic_threads=periodic_threads,
        presence=Presence(redis),
        heartbeat=heartbeat,
        gone=threading.Event(),
    )


def _load_encoder(settings: Settings, queue: Queue) -> Encoder:
    encoder = ClipEncoder(settings)
    tune(encoder, settings, "latency" if queue == "search" else "throughput")
    return encoder
