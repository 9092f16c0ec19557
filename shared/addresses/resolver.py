"""Host name look-ups with a timeout."""

import socket
import threading
from concurrent.futures import Future
from typing import Any

Answers = list[Any]  # from `socket.getaddrinfo`; the last field is the address


class Resolver:
    """Runs the system's resolver, which cannot be interrupted, in daemon threads. Thread-safe.

    Concurrent look-ups of one name share one call. Answers are not cached: the address policy has to check the same
    answer that is dialled.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[tuple[str, int], Future[Answers]] = {}

    def resolve(self, host: str, port: int, seconds: float) -> Answers:
        """Raises TimeoutError after `seconds`, and whatever `getaddrinfo` raises (socket.gaierror, UnicodeError)."""
        return self._lookup(host, port).result(timeout=seconds)

    def _lookup(self, host: str, port: int) -> "Future[Answers]":
        with self._lock:
            running = self._running.get((host, port))
            if running is None:
                running = self._running[host, port] = Future()
                threading.Thread(target=self._run, args=(host, port, running), name="resolver", daemon=True).start()
        return running

    def _run(self, host: str, port: int, result: "Future[Answers]") -> None:
        try:
            answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except BaseException as error:
            self._forget(host, port)
            result.set_exception(error)
        else:
            self._forget(host, port)
            result.set_result(answers)

    def _forget(self, host: str, port: int) -> None:
        with self._lock:
            del self._running[host, port]
