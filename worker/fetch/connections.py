"""HTTP connections to allowed addresses only, regardless of the name, redirect or DNS answer that led there.

`http.client` over our own sockets: it reads no proxy, cookie or credential from the environment, and every wait (DNS,
connect, TLS, headers, body) ends at the request's deadline.
"""

import http.client
import math
import socket
import ssl
import threading
import time
from collections import OrderedDict
from typing import Any, cast

import certifi

from shared.addresses.address_policy import AddressPolicy
from shared.addresses.origin import Origin
from shared.addresses.resolver import Answers, Resolver
from shared.errors import ItemError

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 10.0
# Servers close idle connections after 5 to 75 seconds; firewalls drop them silently.
_IDLE_SECONDS = 30.0


class Dialler:
    """Opens sockets to the addresses that the policy allows. Thread-safe."""

    def __init__(self, policy: AddressPolicy) -> None:
        self._policy = policy
        self._resolver = Resolver()
        self._tls = _tls_context()

    def dial(self, origin: Origin, deadline: float) -> "_Socket":
        """Resolve once, require that every answer is allowed, and connect to a checked address.

        Raises ItemError `blocked_address`, OSError (TimeoutError, socket.gaierror, ssl.SSLError), UnicodeError.
        """
        answers = self._resolver.resolve(origin.host, origin.port, _seconds_left(deadline, _CONNECT_SECONDS))
        for *_, address in answers:
            if not self._policy.allows(str(address[0]), origin.port):
                raise ItemError(
                    "blocked_address",
                    f"{origin.host} resolves to {address[0]}, which LICHTBILD_FETCH_ALLOW does not permit.",
                )
        plain = _connect(answers, deadline)
        if not origin.is_tls:
            return plain
        try:
            # The socket's timeout limits the whole handshake.
            plain.settimeout(_seconds_left(deadline, _CONNECT_SECONDS))
            encrypted = cast("_TlsSocket", self._tls.wrap_socket(plain, server_hostname=origin.host))
        except BaseException:
            plain.close()
            raise
        encrypted.deadline = deadline
        return encrypted


class Connection(http.client.HTTPConnection):
    """A connection that serves several requests, each with its own deadline (`time.monotonic` seconds)."""

    def __init__(self, origin: Origin, dialler: Dialler) -> None:
        super().__init__(origin.host, origin.port)
        self.default_port = 443 if origin.is_tls else 80
        self.origin = origin
        self.idle_since = 0.0
        # Responses are read from it. `sock` is None while the last response before a close is read.
        self.stream: _Socket | None = None
        self._dialler = dialler
        self._deadline = math.inf

    def connect(self) -> None:
        self.sock = self.stream = self._dialler.dial(self.origin, self._deadline)

    def expire_at(self, deadline: float) -> None:
        """Set the deadline of all reads and connects from now on."""
        self._deadline = deadline
        if self.stream is not None:
            self.stream.deadline = deadline


class ConnectionPool:
    """Keeps up to `most` idle connections. Closes those of the least recently used origin first. Thread-safe."""

    def __init__(self, dialler: Dialler, most: int) -> None:
        self._dialler = dialler
        self._most = most
        self._lock = threading.Lock()
        self._idle: OrderedDict[Origin, list[Connection]] = OrderedDict()
        self._count = 0

    def take(self, origin: Origin) -> Connection:
        """Return an idle connection to the origin, or a new one that is not open yet (its `sock` is None)."""
        while (connection := self._pop(origin)) is not None:
            is_fresh = time.monotonic() - connection.idle_since < _IDLE_SECONDS
            if is_fresh and connection.sock is not None and pending(connection.sock) is None:
                return connection
            connection.close()
        return Connection(origin, self._dialler)

    def give_back(self, connection: Connection) -> None:
        """Keep a connection whose last response was read to its end. Close it if the server closed it or sent more."""
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


def pending(sock: socket.socket) -> bytes | None:
    """Return unsolicited data from the server: b"" if it closed the connection, None if there is nothing to read."""
    try:
        sock.settimeout(0)
        return sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return None
    except OSError:
        return b""


class _PlainSocket(socket.socket):
    """Every read ends at the deadline, however slowly the server sends."""

    deadline = math.inf

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_seconds_left(self.deadline, _READ_SECONDS))
        return super().recv_into(*args, **kwargs)


class _TlsSocket(ssl.SSLSocket):
    """The same for TLS."""

    deadline = math.inf

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(_seconds_left(self.deadline, _READ_SECONDS))
        return super().recv_into(*args, **kwargs)


_Socket = _PlainSocket | _TlsSocket


def _connect(answers: Answers, deadline: float) -> _PlainSocket:
    """Connect to the first address that accepts. The addresses share the connect timeout."""
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
    """Trusts the system's certificate authorities and certifi's: slim containers have none of their own."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    context.sslsocket_class = _TlsSocket
    return context
