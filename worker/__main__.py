"""`python -m worker --queue search|ingest`: one worker process, which holds one copy of the model."""

import argparse
import logging
import os
import socket
import sys
from typing import TYPE_CHECKING

from shared.doorbell import celery_app
from shared.errors import ConfigurationError
from shared.ledger.presence import QUEUES, Queue
from shared.settings import Settings, load_settings
from worker.ingest.job_slots import CHUNKS_OF_A_JOB

if TYPE_CHECKING:
    from worker.fetch.fetcher import Fetcher
    from worker.model.encoder import Encoder

# Bells answered side by side: a chunk each, of which one job has a few; a search worker's bell only takes what waits.
_CONCURRENCY = {"ingest": 4 * CHUNKS_OF_A_JOB, "search": 2}


def main() -> None:
    arguments = _arguments()
    os.nice(arguments.nice)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Celery tells of every doorbell; what happens to the chunks is told by us.
    for chatty in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        run(load_settings(), arguments.queue, arguments.name)
    except ConfigurationError as error:
        sys.exit(f"lichtbild worker: {error}")


def run(
    settings: Settings, queue: Queue, name: str, *, encoder: "Encoder | None" = None, fetcher: "Fetcher | None" = None
) -> None:
    """Be a worker until a signal ends it. Another encoder or fetcher can take the place of the real one, in trials."""
    # Heavy: torch and transformers are imported only once the settings are known to be good.
    from celery.signals import worker_ready, worker_shutting_down

    from worker.services import build
    from worker.tasks import register

    app = celery_app(settings)
    services = build(settings, app, queue, name, encoder=encoder, fetcher=fetcher)
    register(app, lambda: services)

    @worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
    def ready(**_: object) -> None:
        services.start()

    @worker_shutting_down.connect(weak=False)  # type: ignore[untyped-decorator]
    def shutting_down(**_: object) -> None:
        services.drain()

    worker = app.Worker(
        pool_cls="threads",
        concurrency=_CONCURRENCY[queue],
        queues=[queue],
        hostname=f"{name}@{socket.gethostname()}",
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    services.close()
    sys.exit(worker.exitcode)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m worker", description=__doc__)
    parser.add_argument("--queue", choices=QUEUES, required=True, help="which doorbell to answer")
    parser.add_argument("--name", default=f"{socket.gethostname()}-{os.getpid()}", help="unique among the workers")
    parser.add_argument("--nice", type=int, default=0, metavar="N", help="give way to others, 0 to 19: for bulk work")
    return parser.parse_args()


if __name__ == "__main__":
    main()
