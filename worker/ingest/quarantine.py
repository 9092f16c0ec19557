"""Chunks that lost a worker before are done alone in their process: one that kills it then takes no other with it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Quarantine:
    """Lets chunks of this process run side by side, and a suspect by itself. Who waits alone goes first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._together = 0
        self._alone = False
        self._waiting_alone = 0

    @contextmanager
    def admitted(self, *, alone: bool) -> Iterator[None]:
        """Wait until the chunk may run; it runs inside the block."""
        with self._changed:
            self._enter_alone() if alone else self._enter()
        try:
            yield
        finally:
            with self._changed:
                if alone:
                    self._alone = False
                else:
                    self._together -= 1
                self._changed.notify_all()

    def _enter(self) -> None:
        self._changed.wait_for(lambda: not self._alone and not self._waiting_alone)
        self._together += 1

    def _enter_alone(self) -> None:
        self._waiting_alone += 1
        try:
            self._changed.wait_for(lambda: not self._alone and not self._together)
        finally:
            self._waiting_alone -= 1
        self._alone = True
