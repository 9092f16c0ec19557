"""Connections to allowed addresses only, regardless of the name, redirect or DNS answer that led there.

They read no proxy, cookie or credential from the environment, and every wait (DNS, connect, TLS) ends at a deadline.
"""

import socket
import ssl
import threading
import time
from collections import OrderedDict
from typing import cast

import certifi

from shared.addresses.address_policy import AddressPolicy
from shared.addresses.origin import Origin
from shared.addresses.resolver import Resolver
from shared.errors import ItemError
from worker.fetch.proxy import Proxy, open_tunnel
from worker.fetch.race import connect_to_first, ordered
from worker.fetch.stream import Stream, seconds_left

_CONNECT_SECONDS = 5.0
# The address that worked last is remembered for this many origins.
_MAX_REMEMBERED = 4096

_PlainSocket = socket.socket


class Dialler:
    """Opens streams to the addresses that the policy allows, or to the proxy. Thread-safe."""

    def __init__(self, policy: AddressPolicy, proxy: Proxy | None = None) -> None:
        self._policy = policy
        self._proxy = proxy
        self._resolver = Resolver()
        self._tls = _tls_context()
        self._lock = threading.Lock()
        self._worked: OrderedDict[tuple[str, int], object] = OrderedDict()

    def proxy_for(self, origin: Origin) -> Proxy | None:
        """The proxy through which this origin is reached. Raises ItemError `blocked_address`.

        Numeric hosts that LICHTBILD_FETCH_ALLOW lists are reached without it.
        """
        if self._proxy is None or self._policy.lists(origin.host, origin.port):
            return None
        if not self._policy.may_pass_on(origin.host, origin.port):
            raise _blocked(origin.host, "is")
        return self._proxy

    def dial(self, origin: Origin, deadline: float) -> Stream:
        """Resolve once, require that every answer is allowed, and connect to a checked address.

        Raises ItemError `blocked_address` and `proxy_failed`, OSError (TimeoutError, socket.gaierror, ssl.SSLError),
        UnicodeError.
        """
        proxy = self.proxy_for(origin)
        plain = self._connected(origin, deadline) if proxy is None else self._to_proxy(proxy, origin, deadline)
        if not origin.is_tls:
            return Stream(plain)
        try:
            # The socket's timeout limits the whole handshake.
            plain.settimeout(seconds_left(deadline, _CONNECT_SECONDS))
            return Stream(self._tls.wrap_socket(plain, server_hostname=origin.host))
        except BaseException:
            plain.close()
            raise

    def _connected(self, origin: Origin, deadline: float) -> socket.socket:
        answers = self._resolver.resolve(origin.host, origin.port, seconds_left(deadline, _CONNECT_SECONDS))
        for *_, address in answers:
            if not self._policy.allows(str(address[0]), origin.port):
                raise _blocked(origin.host, f"resolves to {address[0]}, which is")
        return self._raced((origin.host, origin.port), answers, deadline)

    def _to_proxy(self, proxy: Proxy, origin: Origin, deadline: float) -> socket.socket:
        try:
            answers = self._resolver.resolve(proxy.host, proxy.port, seconds_left(deadline, _CONNECT_SECONDS))
            sock = self._raced((proxy.host, proxy.port), answers, deadline)
        except OSError as error:
            raise ItemError(
                "proxy_failed", "The proxy in LICHTBILD_FETCH_PROXY cannot be reached.", retryable=True
            ) from error
        try:
            if origin.is_tls:
                open_tunnel(proxy, origin, sock, deadline)
        except BaseException:
            sock.close()
            raise
        return sock

    def _raced(self, name: tuple[str, int], answers: list[object], deadline: float) -> socket.socket:
        with self._lock:
            first = self._worked.get(name)
        until = min(deadline, time.monotonic() + _CONNECT_SECONDS)
        sock, address = connect_to_first(ordered(cast("list[tuple[object, ...]]", answers), first), until, _PlainSocket)
        if len(answers) > 1:
            with self._lock:
                self._worked[name] = address
                self._worked.move_to_end(name)
                if len(self._worked) > _MAX_REMEMBERED:
                    self._worked.popitem(last=False)
        return sock


class Connection:
    """A connection that serves several requests, each with its own deadline (`time.monotonic` seconds)."""

    def __init__(self, origin: Origin, dialler: Dialler) -> None:
        self.origin = origin
        self.proxy = dialler.proxy_for(origin) if not origin.is_tls else None
        self.idle_since = 0.0
        self.stream: Stream | None = None
        self._dialler = dialler

    def opened(self, deadline: float) -> Stream:
        """The stream, connected if it was not. Its reads end at the deadline. Raises as `Dialler.dial` does."""
        if self.stream is None:
            self.stream = self._dialler.dial(self.origin, deadline)
        self.stream.deadline = deadline
        return self.stream

    def close(self) -> None:
        """Close it. It can be opened again."""
        if self.stream is not None:
            self.stream.close()
            self.stream = None


def _blocked(host: str, what: str) -> ItemError:
    return ItemError("blocked_address", f"{host} {what} an address that LICHTBILD_FETCH_ALLOW does not permit.")


def _tls_context() -> ssl.SSLContext:
    """Trusts the system's certificate authorities and certifi's: slim containers have none of their own."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
