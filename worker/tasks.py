"""The two Celery tasks: each passes a bell on to the part that answers it."""

import logging
from collections.abc import Callable

from celery import Celery
from redis.exceptions import RedisError

from shared.doorbell import INGEST_TASK, SEARCH_TASK
from shared.errors import UnavailableError
from worker.services import WorkerServices

log = logging.getLogger(__name__)


def register(app: Celery, services: Callable[[], WorkerServices]) -> None:
    """Make the tasks known. Unknown arguments are ignored, so that old workers understand newer bells."""

    @app.task(name=INGEST_TASK)  # type: ignore[untyped-decorator]
    def ingest(**_: object) -> None:
        _answer(services().ingest.answer_bell)

    @app.task(name=SEARCH_TASK)  # type: ignore[untyped-decorator]
    def search(**_: object) -> None:
        _answer(services().search.answer_bell)


def _answer(bell: Callable[[], None]) -> None:
    try:
        bell()
    except (RedisError, UnavailableError) as error:
        # A fault of our own parts: nothing is lost, the reconciler rings again.
        log.warning("Task deferred: %s", error if isinstance(error, UnavailableError) else type(error).__name__)
