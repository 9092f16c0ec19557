"""An HTTP proxy between the fetcher and the web (`LICHTBILD_FETCH_PROXY`).

The proxy resolves the names, so it has to refuse private addresses itself: docs/operating.md.
"""

import base64
import socket
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from shared.addresses.origin import Origin
from shared.errors import ConfigurationError, ItemError
from worker.fetch.response import read_head
from worker.fetch.stream import Stream

_BAD_ADDRESS = "LICHTBILD_FETCH_PROXY must be http://host:port or http://user:password@host:port."


@dataclass(frozen=True, slots=True)
class Proxy:
    """`authorization` is the value of `Proxy-Authorization`, empty without a user name."""

    host: str
    port: int
    authorization: str = field(default="", repr=False)

    def headers(self) -> dict[str, str]:
        """What a request through the proxy has in addition."""
        return {"Proxy-Authorization": self.authorization} if self.authorization else {}


def proxy_at(address: str) -> Proxy | None:
    """The proxy at `http://[user:password@]host:port`; None for an empty address. Raises ConfigurationError."""
    if not address:
        return None
    try:
        parts = urlsplit(address)
        port = parts.port or 80
    except ValueError:
        raise ConfigurationError(_BAD_ADDRESS) from None
    if parts.scheme != "http" or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
        raise ConfigurationError(_BAD_ADDRESS)
    authorization = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {base64.b64encode(pair.encode()).decode()}"
    return Proxy(parts.hostname, port, authorization)


def open_tunnel(proxy: Proxy, origin: Origin, sock: socket.socket, deadline: float) -> None:
    """Let the proxy connect to the origin (RFC 9110, 9.3.6). Raises ItemError `proxy_failed`, OSError."""
    stream = Stream(sock)
    stream.deadline = deadline
    lines = [f"CONNECT {origin.authority} HTTP/1.1", f"Host: {origin.authority}"]
    if proxy.authorization:
        lines.append(f"Proxy-Authorization: {proxy.authorization}")
    stream.send("\r\n".join([*lines, "", ""]).encode("latin-1"))
    status = read_head(stream).status
    if not 200 <= status < 300:
        what = f"The proxy in LICHTBILD_FETCH_PROXY answered {status} for {origin.netloc}."
        raise ItemError("proxy_failed", what, retryable=status >= 500)
    if stream.has_surplus():
        raise ItemError("proxy_failed", "The proxy in LICHTBILD_FETCH_PROXY sent more than its answer.")
