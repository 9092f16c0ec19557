"""HTTP connections to allowed addresses only, for every host name, redirect and DNS answer.

Uses `http.client` over our own sockets: it ignores proxies, cookies and credentials of the environment, and every wait
(DNS, connection, TLS, headers, body) ends at the request's deadline.
"""

import http.client
import math
import socket
import ssl
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, cast

import certifi

from shared.errors import ItemError
from worker.fetch.address_policy import AddressPolicy
from worker.fetch.resolver import Answers, Resolver

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 10.0
# Servers close idle connections after 5 to 75 seconds; firewalls drop them silently.
_IDLE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Origin:
    """The target of a connection. `host` is an ASCII name or a numeric address."""

    is_tls: bool
    host: str
    port: int


class Dialler:
    """Opens sockets to allowed addresses."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._resolver = Resolver()
        self._tls = _tls_context()

    def dial(self, origin: Origin, deadline: float) -> "_Socket":
        """Resolve once, require every address to be allowed, and connect to the checked address itself.

        Raises ItemError `blocked_address`, OSError (TimeoutError, socket.gaierror, ssl.SSLError), UnicodeError.
        """
        answers = self._resolver.resolve(origin.host, origin.port, _seconds_left(deadline, _CONNECT_SECONDS))
        for *_, address in answers:
            if not self._policy.allows(str(address[0]), origin.port):
                raise ItemError(
                    "blocked_address",
                    f"{origin.host} resolves to {address[0]}, which the fetcher may not reach (LICHTBILD_FETCH_ALLOW).",
                )
        plain = _connected(answers, deadline)
        if not origin.is_tls:
            return plain
        try:
            # The socket's timeout applies to the whole handshake.
            plain.settimeout(_seconds_left(deadline, _CONNECT_SECONDS))
            encrypted = cast("_TlsSocket", self._tls.wrap_socket(plain, server_hostname=origin.host))
        except BaseException:
            plain.close()
            raise
        encrypted.deadline = deadline
        return encrypted


class Connection(http.client.HTTPConnection):
    """One keep-alive connection. Each request has its own deadline (`time.monotonic`)."""

    def __init__(self, origin: Origin, dialler: Dialler) -> None:
        super().__init__(origin.host, origin.port)
        self.default_port = 443 if origin.is_tls else 80
        self.origin = origin
        self.idle_since = 0.0
        # The stream of responses. `sock` is None while the last response before a close is read.
        self.stream: _Socket | None = None
        self._dialler = dialler
        self._deadline = math.inf

    def connect(self) -> None:
        self.sock = self.stream = self._dialler.dial(self.origin, self._deadline)

    def expire_at(self, deadline: float) -> None:
        """Set the deadline of the next operations."""
        self._deadline = deadline
        if self.stream is not None:
            self.stream.deadline = deadline


class ConnectionPool:
    """Idle connections, at most `most`. Those of the least recently used origin are closed first."""

    def __init__(self, dialler: Dialler, most: int) -> None:
        self._dialler = dialler
        self._most = most
        self._lock = threading.Lock()
        self._idle: OrderedDict[Origin, list[Connection]] = OrderedDict()
        self._count = 0

    def take(self, origin: Origin) -> Connection:
        """An idle connection to the origin, or a new one that is not open yet (`sock` is None)."""
        while (connection := self._pop(origin)) is not None:
            is_fresh = time.monotonic() - connection.idle_since < _IDLE_SECONDS
            if is_fresh and connection.sock is not None and pending(connection.sock) is None:
                return connection
            connection.close()
        return Connection(origin, self._dialler)

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose last response was read completely; close it if the server has closed it."""
        if connection.sock is None or pending(connection.sock) is not None:
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
        """Close all idle connections."""
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


def pending(sock: socket.socket) -> bytes | None:
    """Unexpected bytes from the server on an idle connection; empty if it has closed, None if there are none."""
    try:
        sock.settimeout(0)
        return sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    except OSError:
        return b""


class _PlainSocket(socket.socket):
    """A socket whose reads end at the deadline, even if the server sends single bytes slowly."""

    deadline = math.inf

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_seconds_left(self.deadline, _READ_SECONDS))
        return super().recv_into(*args, **kwargs)


class _TlsSocket(ssl.SSLSocket):
    """The same with TLS."""

    deadline = math.inf

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_seconds_left(self.deadline, _READ_SECONDS))
        return super().recv_into(*args, **kwargs)


_Socket = _PlainSocket | _TlsSocket


def _connected(answers: Answers, deadline: float) -> _PlainSocket:
    """A connection to the first address that accepts. The addresses share the time for connecting."""
    deadline_of_all = min(deadline, time.monotonic() + _CONNECT_SECONDS)
    failure: OSError = OSError("The name has no address.")
    for number, (family, kind, protocol, _, address) in enumerate(answers):
        sock = _PlainSocket(family, kind, protocol)
        try:
            sock.settimeout(_seconds_left(deadline_of_all, _CONNECT_SECONDS) / (len(answers) - number))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
        else:
            sock.deadline = deadline
            return sock
    raise failure


def _seconds_left(deadline: float, most: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("The deadline has passed.")
    return min(left, most)


def _tls_context() -> ssl.SSLContext:
    """Trusts the machine's certificate authorities and those of certifi, because slim containers have none."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = _TlsSocket
    return context
