"""The Celery tasks: each passes a bell on to the service that answers it."""

import logging
from collections.abc import Callable

from celery import Celery
from redis.exceptions import RedisError

from shared.doorbell import INGEST_TASK, SEARCH_TASK
from shared.errors import UnavailableError
from shared.ledger.presence import Queue

log = logging.getLogger(__name__)

_TASKS: dict[Queue, str] = {"ingest": INGEST_TASK, "search": SEARCH_TASK}


def register(app: Celery, queue: Queue, answer_bell: Callable[[], None]) -> None:
    """Register the task of a queue. It ignores arguments that it does not know, so that newer bells are understood."""

    @app.task(name=_TASKS[queue])  # type: ignore[untyped-decorator]
    def answer(**_: object) -> None:
        try:
            answer_bell()
        except (RedisError, UnavailableError) as error:
            # A fault of our own services: nothing is lost, the reconciler rings again.
            log.warning("Task deferred: %s", error if isinstance(error, UnavailableError) else type(error).__name__)
