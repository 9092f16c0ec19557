"""The services of the routes: built once per process, accessed through the current app."""

from dataclasses import dataclass
from typing import cast

import redis
from flask import current_app

from api.intake.backpressure import Backpressure
from api.intake.callbacks import Callbacks
from shared.catalogue.connect import connect as connect_catalogue
from shared.catalogue.interface import Catalogue
from shared.doorbell import Doorbell, celery_app
from shared.ledger.commands import CommandLedger
from shared.ledger.connection import connect as connect_redis
from shared.ledger.connection import require_no_eviction
from shared.ledger.deliveries import DeliveryLedger
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from shared.ledger.presence import Presence
from shared.ledger.search import SearchLedger
from shared.ledger.watcher import Watcher
from shared.settings import Settings
from shared.uploads.spool import Spool
from shared.uploads.thumbnails import Thumbnails

_EXTENSION = "lichtbild"


@dataclass(frozen=True)
class Services:
    """Everything the API uses. It reads the catalogue but never writes to it."""

    settings: Settings
    redis: "redis.Redis"
    jobs: Jobs
    ingests: IngestLedger
    searches: SearchLedger
    deletions: CommandLedger
    indexes: CommandLedger
    backpressure: Backpressure
    deliveries: DeliveryLedger
    callbacks: Callbacks
    watcher: Watcher
    presence: Presence
    doorbell: Doorbell
    catalogue: Catalogue
    spool: Spool | None
    thumbnails: Thumbnails | None

    @classmethod
    def build(cls, settings: Settings) -> "Services":
        connection = connect_redis(settings)
        require_no_eviction(connection)
        jobs = Jobs(connection, settings)
        deliveries = DeliveryLedger(connection, settings)
        return cls(
            settings=settings,
            redis=connection,
            jobs=jobs,
            ingests=IngestLedger(connection, settings),
            searches=SearchLedger(connection, settings),
            deletions=CommandLedger(connection, settings, "delete"),
            indexes=CommandLedger(connection, settings, "index"),
            backpressure=Backpressure(connection, settings),
            deliveries=deliveries,
            callbacks=Callbacks(settings, deliveries),
            watcher=Watcher(connection, jobs),
            presence=Presence(connection),
            doorbell=Doorbell(celery_app(settings)),
            catalogue=connect_catalogue(settings),
            spool=Spool.from_settings(settings),
            thumbnails=Thumbnails.from_settings(settings),
        )


def services() -> Services:
    """The services of the current app."""
    return cast(Services, current_app.extensions[_EXTENSION])


def install(app_extensions: dict[str, object], built: Services) -> None:
    app_extensions[_EXTENSION] = built
