"""The API's address."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

# A new connection is given up after this time in seconds.
CONNECT_SECONDS = 5.0


def checked(api: str) -> str:
    """The address without a trailing slash. Raises ValueError if it is not an http or https URL."""
    parts = urlsplit(api)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"The API's address must look like http://127.0.0.1:8700, not {api!r}.")
    return api.rstrip("/")


def is_loopback(url: str) -> bool:
    """Whether the host is this machine, which no proxy can reach."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
