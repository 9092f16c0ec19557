"""Says through a file's age whether this worker is well: see worker/health.py, which looks at it."""

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from celery import Celery, bootsteps

from shared.ledger.presence import ALIVE_SECONDS

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
# Celery waits up to half of this between two attempts to reach Redis again.
_SILENCE_SECONDS = 60.0


class Heartbeat:
    """Touches `path` every few seconds while the model works and Celery listens for bells; no path, no file."""

    def __init__(self, path: Path | None, model_works: Callable[[], bool]) -> None:
        self._path = path
        self._model_works = model_works
        self._consumer_turned = self._redis_answered = time.monotonic()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(path,), name="heartbeat", daemon=True)

    def watch(self, app: Celery) -> None:
        """Have Celery's own loop say that it turns; call it before the worker starts."""
        beat = self.consumer_turned

        class Turning(bootsteps.StartStopStep):  # type: ignore[misc]
            requires = ("celery.worker.consumer.tasks:Tasks",)

            def start(self, consumer: object) -> None:
                beat()
                self._entry = consumer.timer.call_repeatedly(BEAT_SECONDS, beat)  # type: ignore[attr-defined]

            def stop(self, consumer: object) -> None:
                consumer.timer.cancel(self._entry)  # type: ignore[attr-defined]

        app.steps["consumer"].add(Turning)

    def start(self) -> None:
        """Call it once the worker is ready."""
        if self._path is not None:
            self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._path is not None and self._thread.is_alive():
            self._thread.join()
            self._path.unlink(missing_ok=True)

    def consumer_turned(self) -> None:
        self._consumer_turned = time.monotonic()

    def redis_answered(self) -> None:
        self._redis_answered = time.monotonic()

    def is_well(self) -> bool:
        """While Redis is away Celery's loop stands still, which is no fault of this worker."""
        now = time.monotonic()
        redis_is_away = now - self._redis_answered > ALIVE_SECONDS
        return self._model_works() and (redis_is_away or now - self._consumer_turned < _SILENCE_SECONDS)

    def _run(self, path: Path) -> None:
        while True:
            try:
                if self.is_well():
                    path.touch()
            except OSError as error:
                log.warning("The heartbeat cannot be written (%s).", error)
            if self._stop.wait(BEAT_SECONDS):
                return
