"""Doorbells: Celery messages that only mean "there is work".

The work itself is in the ledger, so a lost or repeated message does no harm.
"""

from celery import Celery
from kombu.entity import Queue
from kombu.exceptions import OperationalError

from shared.errors import UnavailableError
from shared.settings import Settings

INGEST_TASK = "lichtbild.ingest"
SEARCH_TASK = "lichtbild.search"

# Celery redelivers an unacknowledged message after this time. It hardly matters: a chunk is taken over when its lease
# ends.
_VISIBILITY_SECONDS = 600


def celery_app(settings: Settings) -> Celery:
    """The Celery configuration of senders and workers. JSON only."""
    app = Celery("lichtbild", broker=settings.redis_url.get_secret_value())
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_accept_content=["json"],
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_queues=(Queue("search"), Queue("ingest")),  # type: ignore[no-untyped-call]
        task_create_missing_queues=False,
        task_default_queue="ingest",
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        visibility_timeout=_VISIBILITY_SECONDS,
        broker_transport_options={
            "visibility_timeout": _VISIBILITY_SECONDS,
            "unacked_restore_interval": 5,
            "unacked_restore_throttle": 1,
            "global_keyprefix": "lichtbild:celery:",
            "socket_timeout": 30,
            "socket_connect_timeout": 5,
            "socket_keepalive": True,
            "health_check_interval": 25,
        },
    )
    return app


class Doorbell:
    """Notifies workers of waiting work. Raises UnavailableError if Redis cannot be reached."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def ring_ingest(self) -> None:
        """Notify ingest workers of waiting chunks."""
        self._ring(INGEST_TASK, "ingest")

    def ring_search(self) -> None:
        """Notify search workers of waiting searches."""
        self._ring(SEARCH_TASK, "search")

    def _ring(self, task: str, queue: str) -> None:
        try:
            self._app.send_task(task, queue=queue, retry=False)
        except (OperationalError, OSError) as error:
            raise UnavailableError("Redis cannot be reached.") from error
