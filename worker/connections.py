"""HTTP connections that are made only to allowed addresses, whatever name, redirect or DNS answer led there."""

import socket
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from shared.errors import ItemError
from worker.addresses import AddressPolicy


def guarded_session(policy: AddressPolicy, pool_size: int) -> requests.Session:
    """A session that checks each address it connects to, and takes no proxy or credentials from the environment."""
    session = requests.Session()
    session.trust_env = False
    adapter = _GuardedAdapter(policy, pool_size)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


class _GuardedAdapter(HTTPAdapter):
    def __init__(self, policy: AddressPolicy, pool_size: int) -> None:
        self._policy = policy
        super().__init__(pool_connections=pool_size, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _guarded_pools(self._policy)


def _guarded_pools(policy: AddressPolicy) -> dict[str, type[HTTPConnectionPool]]:
    class GuardedHTTPConnection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, policy)

    class GuardedHTTPSConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _connect(self, policy)

    class GuardedHTTPPool(HTTPConnectionPool):
        ConnectionCls = GuardedHTTPConnection

    class GuardedHTTPSPool(HTTPSConnectionPool):
        ConnectionCls = GuardedHTTPSConnection

    return {"http": GuardedHTTPPool, "https": GuardedHTTPSPool}


def _connect(connection: HTTPConnection, policy: AddressPolicy) -> socket.socket:
    """Resolve once, refuse unless every answer is allowed, and dial the checked address itself."""
    host = connection.host.strip("[]")
    try:
        answers = socket.getaddrinfo(host, connection.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        reason = error if isinstance(error, socket.gaierror) else socket.gaierror(str(error))
        raise NameResolutionError(host, connection, reason) from error
    for *_, address in answers:
        if not policy.allows(str(address[0]), connection.port):
            raise ItemError(
                "blocked_address",
                f"{host} is at {address[0]}, which the fetcher may not reach (LICHTBILD_FETCH_ALLOW).",
            )
    return _dial(connection, answers)


def _dial(connection: HTTPConnection, answers: list[Any]) -> socket.socket:
    failure: OSError = OSError("no address")
    for family, kind, protocol, _, address in answers:
        try:
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(connection.timeout if isinstance(connection.timeout, (int, float)) else None)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.connect(address)
            except BaseException:
                sock.close()
                raise
            return sock
        except OSError as error:
            failure = error
    if isinstance(failure, TimeoutError):
        raise ConnectTimeoutError(connection, f"Connection to {connection.host} timed out.") from failure
    raise NewConnectionError(connection, f"Failed to establish a new connection: {failure}") from failure
