"""A file whose age shows whether this worker is healthy; worker/health.py reads it."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from celery import Celery, bootsteps

from shared.ledger.presence import ALIVE_SECONDS

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
# Twice the longest pause between Celery's attempts to reconnect to Redis.
_MAX_SILENCE_SECONDS = 60.0


class Heartbeat:
    """Touches `path` every 5 s while the model works and Celery listens for bells. Without a path there is no file."""

    def __init__(self, path: Path | None, model_works: Callable[[], bool]) -> None:
        self._path = path
        self._model_works = model_works
        self._consumer_ticked_at = self._redis_answered_at = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(path,), name="heartbeat", daemon=True)

    def watch(self, app: Celery) -> None:
        """Hook into Celery's event loop; call it before the worker starts."""
        on_tick = self.on_consumer_tick

        class HeartbeatStep(bootsteps.StartStopStep):  # type: ignore[misc]
            requires = ("celery.worker.consumer.tasks:Tasks",)

            def start(self, consumer: object) -> None:
                on_tick()
                self._entry = consumer.timer.call_repeatedly(BEAT_SECONDS, on_tick)  # type: ignore[attr-defined]

            def stop(self, consumer: object) -> None:
                consumer.timer.cancel(self._entry)  # type: ignore[attr-defined]

        app.steps["consumer"].add(HeartbeatStep)

    def start(self) -> None:
        """Start to touch the file; call it once the worker is ready."""
        if self._path is not None:
            self._thread.start()

    def close(self) -> None:
        """Stop, and remove the file."""
        self._stop.set()
        if self._path is not None and self._thread.is_alive():
            self._thread.join()
            self._path.unlink(missing_ok=True)

    def on_consumer_tick(self) -> None:
        """Celery's event loop runs."""
        self._consumer_ticked_at = time.monotonic()

    def on_redis_answered(self) -> None:
        """Redis is reachable."""
        self._redis_answered_at = time.monotonic()

    def is_healthy(self) -> bool:
        """Whether the model works and Celery's event loop runs. While Redis is unavailable that loop blocks, which does
        not make the worker unhealthy."""
        now = time.monotonic()
        is_redis_away = now - self._redis_answered_at > ALIVE_SECONDS
        return self._model_works() and (is_redis_away or now - self._consumer_ticked_at < _MAX_SILENCE_SECONDS)

    def _run(self, path: Path) -> None:
        while True:
            try:
                if self.is_healthy():
                    path.touch()
            except OSError as error:
                log.warning("The heartbeat file cannot be written (%s).", error)
            if self._stop.wait(BEAT_SECONDS):
                return
