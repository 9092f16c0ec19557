"""A thread that repeats one step until the worker ends."""

import logging
import threading
from collections.abc import Callable

from redis.exceptions import RedisError

from shared.errors import UnavailableError

log = logging.getLogger(__name__)

# Minimum pause after a failed step.
_RETRY_SECONDS = 1.0


class PeriodicThread:
    """Runs a step every `seconds` seconds; 0: the step itself waits for work. A step that fails is retried."""

    def __init__(self, name: str, step: Callable[[], None], seconds: float) -> None:
        self._step = step
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Return once the current step has ended; no further step starts."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        pause = self._seconds
        while not self._stop.wait(pause):
            pause = self._seconds
            try:
                self._step()
            except (RedisError, UnavailableError) as error:
                log.warning("%s: a server is unavailable (%s); retrying.", self._thread.name, type(error).__name__)
                pause = max(self._seconds, _RETRY_SECONDS)
            except Exception:
                # The next step may succeed, and nothing would restart a thread that ended.
                log.exception("%s failed; retrying.", self._thread.name)
                pause = max(self._seconds, _RETRY_SECONDS)
