"""The wiring of a worker process: every service that its queue needs, built in one place, from top to bottom."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import redis
from celery import Celery

from shared.addresses.address_policy import AddressPolicy
from shared.catalogue.connect import connect as connect_catalogue
from shared.catalogue.interface import Catalogue
from shared.doorbell import Doorbell
from shared.ledger.commands import CommandLedger
from shared.ledger.connection import connect as connect_redis
from shared.ledger.connection import require_no_eviction
from shared.ledger.deliveries import DeliveryLedger
from shared.ledger.index_choices import IndexChoices
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from shared.ledger.presence import Presence, Queue
from shared.ledger.search import SearchLedger
from shared.ledger.turns import Turn
from shared.ledger.waits import Waits
from shared.ledger.watcher import Watcher
from shared.settings import Settings
from shared.uploads.spool import Spool
from shared.uploads.thumbnails import Thumbnails
from shared.webhook_signing import WebhookSigner
from worker.fetch.connections import Dialler
from worker.fetch.fetcher import Fetcher
from worker.fetch.proxy import proxy_at
from worker.ingest.answer import Ingest
from worker.ingest.chunk import ChunkPipeline
from worker.ingest.image_sources import ImageSources
from worker.ingest.leases import Leases
from worker.ingest.quarantine import Quarantine
from worker.ingest.writer import Writer
from worker.lifecycle import Lifecycle
from worker.model.batcher import Batcher
from worker.model.encoder import ClipEncoder, Encoder
from worker.model.tuning import tune
from worker.model.tuning_choice import Aim
from worker.search.answer import Search
from worker.search.terms import RecentTexts, Terms
from worker.upkeep.deletions import Deletions
from worker.upkeep.heartbeat import Heartbeat
from worker.upkeep.indexes import Indexes
from worker.upkeep.load import Load
from worker.upkeep.periodic import PeriodicThread
from worker.upkeep.reconciler import INTERVAL_SECONDS, IngestReconciler, SearchReconciler
from worker.upkeep.spool_sweeper import SpoolSweeper
from worker.webhooks.poster import Poster
from worker.webhooks.sender import THREADS, WebhookSender

log = logging.getLogger(__name__)

_SEARCH_THREADS = 64
# Less than the 12 s of a drain: if the catalogue is unavailable, there is time to release the chunks.
_WRITE_SECONDS = 9.0


@dataclass(frozen=True)
class WorkerBase:
    """The services of a worker of any queue. `pool` reads and decodes terms and uploads."""

    settings: Settings
    redis: "redis.Redis"
    catalogue: Catalogue
    doorbell: Doorbell
    encoder: Encoder
    fetcher: Fetcher
    batcher: Batcher
    pool: ThreadPoolExecutor
    heartbeat: Heartbeat


@dataclass(frozen=True)
class IngestServices(WorkerBase):
    """The services of an ingest worker."""

    leases: Leases
    writer: Writer
    ingest: Ingest
    deletions: Deletions
    lifecycle: Lifecycle

    @property
    def answer_bell(self) -> Callable[[], None]:
        """Processes a chunk; see `Ingest.answer_bell`."""
        return self.ingest.answer_bell


@dataclass(frozen=True)
class SearchServices(WorkerBase):
    """The services of a search worker."""

    search: Search
    lifecycle: Lifecycle

    @property
    def answer_bell(self) -> Callable[[], None]:
        """Answers searches; see `Search.answer_bell`."""
        return self.search.answer_bell


WorkerServices = IngestServices | SearchServices


def build(
    settings: Settings,
    app: Celery,
    queue: Queue,
    name: str,
    *,
    encoder: Encoder | None = None,
    fetcher: Fetcher | None = None,
) -> WorkerServices:
    """Load the model, unless an encoder is given, and build what a worker of this queue needs.

    Raises ConfigurationError if the settings cannot work.
    """
    if queue == "search":
        return build_search(settings, app, name, encoder=encoder, fetcher=fetcher)
    return build_ingest(settings, app, name, encoder=encoder, fetcher=fetcher)


def build_ingest(
    settings: Settings, app: Celery, name: str, *, encoder: Encoder | None = None, fetcher: Fetcher | None = None
) -> IngestServices:
    """Build an ingest worker; see `build`."""
    encoder = encoder or _load_encoder(settings, "throughput")
    base = _build_base(settings, app, encoder, fetcher, settings.fetch_concurrency)
    redis, catalogue = base.redis, base.catalogue
    ledger = IngestLedger(redis, settings)
    leases = Leases(ledger, settings.lease_seconds)
    writer = Writer(catalogue, settings.write_rows, settings.write_seconds, leases.count, Waits(redis).report)
    pipeline = ChunkPipeline(
        settings=settings,
        catalogue=catalogue,
        sources=ImageSources(settings, base.fetcher, base.pool),
        encoder=encoder,
        batcher=base.batcher,
        quarantine=Quarantine(ledger.record_in_model),
        writer=writer,
        ledger=ledger,
        leases=leases,
    )
    ingest = Ingest(ledger, base.doorbell, catalogue, encoder, leases, pipeline, settings.chunk_attempts)
    deletions = Deletions(
        CommandLedger(redis, settings, "delete"), catalogue, Thumbnails.from_settings(settings), IndexChoices(redis)
    )
    indexes = Indexes(CommandLedger(redis, settings, "index"), catalogue, redis, settings.index_rows)
    spool_sweeper = SpoolSweeper(Spool.from_settings(settings), Jobs(redis, settings), settings.staging_seconds)
    turn = Turn.to_reconcile(redis, "ingest", INTERVAL_SECONDS)
    reconciler = IngestReconciler(turn, ledger, base.doorbell, spool_sweeper)
    webhooks = _build_webhooks(settings, redis)
    lifecycle = Lifecycle(
        queue="ingest",
        name=name,
        facts=encoder.facts(),
        load=Load(lambda: base.batcher.encoded),
        presence=Presence(redis),
        heartbeat=base.heartbeat,
        periodic_threads=(
            PeriodicThread("reconciler", reconciler.reconcile_in_turn, INTERVAL_SECONDS),
            PeriodicThread("deletions", deletions.wait_and_delete, 0),
            PeriodicThread("indexes", indexes.wait_and_do, 0),
            *(PeriodicThread(f"webhooks-{n}", sender.wait_and_send, 0) for sender in webhooks for n in range(THREADS)),
        ),
        # No new downloads: chunks that need more of them are released, the others finish in time.
        on_drain=(
            ingest.stopping.set,
            *(sender.stopping.set for sender in webhooks),
            base.fetcher.close,
            lambda: writer.stop(_WRITE_SECONDS),
        ),
        # In the order of the data flow.
        on_close=(base.fetcher.close, base.pool.shutdown, base.batcher.close, writer.close, leases.stop),
        release_claims=leases.release_all,
    )
    return IngestServices(
        **vars(base), leases=leases, writer=writer, ingest=ingest, deletions=deletions, lifecycle=lifecycle
    )


def build_search(
    settings: Settings, app: Celery, name: str, *, encoder: Encoder | None = None, fetcher: Fetcher | None = None
) -> SearchServices:
    """Build a search worker; see `build`."""
    encoder = encoder or _load_encoder(settings, "latency")
    base = _build_base(settings, app, encoder, fetcher, _SEARCH_THREADS)
    redis, catalogue = base.redis, base.catalogue
    ledger = SearchLedger(redis, settings)
    terms = Terms(settings, catalogue, base.fetcher, encoder, base.batcher, base.pool, RecentTexts())
    jobs = Jobs(redis, settings)
    search = Search(ledger, jobs, Watcher(redis, jobs), base.doorbell, catalogue=catalogue, terms=terms)
    turn = Turn.to_reconcile(redis, "search", INTERVAL_SECONDS)
    reconciler = SearchReconciler(turn, ledger, base.doorbell)
    lifecycle = Lifecycle(
        queue="search",
        name=name,
        facts=encoder.facts(),
        load=Load(lambda: base.batcher.encoded),
        presence=Presence(redis),
        heartbeat=base.heartbeat,
        periodic_threads=(PeriodicThread("reconciler", reconciler.reconcile_in_turn, INTERVAL_SECONDS),),
        on_drain=(base.fetcher.close,),
        on_close=(search.close, base.fetcher.close, base.pool.shutdown, base.batcher.close),
    )
    return SearchServices(**vars(base), search=search, lifecycle=lifecycle)


def _build_base(settings: Settings, app: Celery, encoder: Encoder, fetcher: Fetcher | None, threads: int) -> WorkerBase:
    redis = connect_redis(settings)
    require_no_eviction(redis)
    catalogue = connect_catalogue(settings)
    log.info("Model %s is ready, %d dimensions.", encoder.name, encoder.dimension)
    fetcher = fetcher or Fetcher(settings, AddressPolicy(settings.fetch_allow), encoder.edge)
    batcher = Batcher(encoder)
    heartbeat = Heartbeat(Path(settings.heartbeat_file) if settings.heartbeat_file else None, batcher.works)
    heartbeat.watch(app)
    return WorkerBase(
        settings=settings,
        redis=redis,
        catalogue=catalogue,
        doorbell=Doorbell(app),
        encoder=encoder,
        fetcher=fetcher,
        batcher=batcher,
        pool=ThreadPoolExecutor(threads, thread_name_prefix="prepare"),
        heartbeat=heartbeat,
    )


def _build_webhooks(settings: Settings, redis: "redis.Redis") -> list[WebhookSender]:
    """The sender of webhooks; none without LICHTBILD_WEBHOOK_SECRET."""
    signer = WebhookSigner.from_settings(settings)
    proxy = proxy_at(settings.fetch_proxy.get_secret_value())
    poster = Poster(Dialler(AddressPolicy(settings.fetch_allow), proxy))
    return [WebhookSender(DeliveryLedger(redis, settings), poster, signer)] if signer else []


def _load_encoder(settings: Settings, aim: Aim) -> Encoder:
    encoder = ClipEncoder(settings)
    tune(encoder, settings, aim)
    return encoder
