"""Idle connections, kept for the next request to their origin."""

import threading
import time
from collections import OrderedDict

from shared.addresses.origin import Origin
from worker.fetch.connections import Connection, Dialler

# Servers close idle connections after 5 to 75 seconds; firewalls drop them silently.
_IDLE_SECONDS = 30.0


class ConnectionPool:
    """Keeps up to `most` idle connections. Closes those of the least recently used origin first. Thread-safe."""

    def __init__(self, dialler: Dialler, most: int) -> None:
        self._dialler = dialler
        self._most = most
        self._lock = threading.Lock()
        self._idle: OrderedDict[Origin, list[Connection]] = OrderedDict()
        self._count = 0

    def take(self, origin: Origin) -> Connection:
        """Return an idle connection to the origin, or a new one that is not open yet (its `stream` is None)."""
        while (connection := self._pop(origin)) is not None:
            is_fresh = time.monotonic() - connection.idle_since < _IDLE_SECONDS
            if is_fresh and connection.stream is not None and connection.stream.is_quiet():
                return connection
            connection.close()
        return Connection(origin, self._dialler)

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose last response was read to its end. Close it if the server closed it or sent more."""
        if connection.stream is None or not connection.stream.is_quiet():
            connection.close()
            return
        connection.idle_since = time.monotonic()
        with self._lock:
            self._idle.setdefault(connection.origin, []).append(connection)
            self._idle.move_to_end(connection.origin)
            self._count += 1
            surplus = self._oldest() if self._count > self._most else None
        if surplus is not None:
            surplus.close()

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle = [connection for connections in self._idle.values() for connection in connections]
            self._idle.clear()
            self._count = 0
        for connection in idle:
            connection.close()

    def _pop(self, origin: Origin) -> Connection | None:
        with self._lock:
            return self._removed(origin, -1) if origin in self._idle else None

    def _oldest(self) -> Connection:
        return self._removed(next(iter(self._idle)), 0)

    def _removed(self, origin: Origin, index: int) -> Connection:
        connections = self._idle[origin]
        connection = connections.pop(index)
        self._count -= 1
        if not connections:
            del self._idle[origin]
        return connection
