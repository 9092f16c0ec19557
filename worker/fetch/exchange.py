"""One exchange of a request and an answer: its errors by code, and the pause that a server asks for."""

import socket
import ssl
import time
from email.utils import parsedate_to_datetime

from shared.errors import ItemError

_NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}


def retry_after(value: str) -> float:
    """`Retry-After` in seconds, from its number or its date; 0 without a valid one."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def classified(error: Exception) -> ItemError:
    """The error of an exchange as an ItemError, from what sockets raise."""
    if isinstance(error, socket.gaierror):
        return ItemError("dns_failed", "The host name does not resolve.", retryable=error.errno not in _NO_SUCH_NAME)
    if isinstance(error, TimeoutError):
        return ItemError("timeout", "The server did not respond in time.", retryable=True)
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return ItemError("tls_failed", "No trusted TLS connection could be established.")
    if isinstance(error, OSError):
        return ItemError("connection_failed", "The connection failed.", retryable=True)
    return ItemError("bad_url", "The URL's host is not valid.")
