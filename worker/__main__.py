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
from worker.ingest.job_slots import CHUNKS_PER_JOB

if TYPE_CHECKING:
    from worker.fetch.fetcher import Fetcher
    from worker.model.encoder import Encoder

# Bells answered in parallel. An ingest bell processes one chunk (of at least four jobs); a search bell only claims
# searches.
_CONCURRENCY = {"ingest": 4 * CHUNKS_PER_JOB, "search": 2}


def main() -> None:
    arguments = _arguments()
    os.nice(arguments.nice)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # Celery logs every doorbell; the ingest logs every chunk.
    for chatty in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    try:
        run(load_settings(), arguments.queue, arguments.name)
    except ConfigurationError as error:
        sys.exit(f"lichtbild worker: {error}")


def run(
    settings: Settings, queue: Queue, name: str, *, encoder: "Encoder | None" = None, fetcher: "Fetcher | None" = None
) -> None:
    """Run a worker until a signal ends it. Benchmarks pass an encoder or a fetcher of their own.

    Raises ConfigurationError if the settings cannot work, and SystemExit with Celery's exit code at the end.
    """
    # Imported once the settings are valid: torch and transformers take seconds.
    from celery.signals import worker_ready, worker_shutting_down

    from worker.services import build
    from worker.tasks import register

    app = celery_app(settings)
    services = build(settings, app, queue, name, encoder=encoder, fetcher=fetcher)
    register(app, queue, services.answer_bell)

    @worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
    def ready(**_: object) -> None:
        services.lifecycle.start()

    @worker_shutting_down.connect(weak=False)  # type: ignore[untyped-decorator]
    def shutting_down(**_: object) -> None:
        services.lifecycle.drain()

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
    services.lifecycle.close()
    sys.exit(worker.exitcode)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m worker", description=__doc__)
    parser.add_argument("--queue", choices=QUEUES, required=True, help="the queue that this worker serves")
    parser.add_argument("--name", default=f"{socket.gethostname()}-{os.getpid()}", help="unique among the workers")
    parser.add_argument(
        "--nice",
        type=int,
        default=0,
        metavar="N",
        help="nice value, 0 to 19: a higher value is a lower priority",
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
