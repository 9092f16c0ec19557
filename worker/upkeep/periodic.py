"""One step, done again and again in a thread of its own, until the worker ends."""

import logging
import threading
from collections.abc import Callable

from redis.exceptions import RedisError

from shared.errors import UnavailableError

log = logging.getLogger(__name__)

# Between tries while Redis or the catalogue is away, at least.
_TRY_AGAIN_SECONDS = 1.0


class PeriodicThread:
    """Does a step every so many seconds; 0 is for a step that waits by itself for something to do."""

    def __init__(self, name: str, step: Callable[[], None], seconds: float) -> None:
        self._step = step
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Return when the step under way is done; there is no other."""
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
                log.warning("%s: a server is away (%s); trying again.", self._thread.name, type(error).__name__)
                pause = max(self._seconds, _TRY_AGAIN_SECONDS)
            except Exception:
                # Whatever it is, the next step may go through, and a thread that ended would be missed by nobody.
                log.exception("%s failed; trying again.", self._thread.name)
                pause = max(self._seconds, _TRY_AGAIN_SECONDS)
