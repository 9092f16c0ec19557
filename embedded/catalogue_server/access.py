"""Access control: programs on this machine that know the password are served, web pages never.

Listening on loopback alone keeps out neither a page in the user's browser (cross-site POST, DNS rebinding) nor another
user of the machine.
"""

from __future__ import annotations

import hmac
import ipaddress
import re

from werkzeug.datastructures import Authorization, Headers

from embedded.catalogue_server.errors import Code, refusal

USER = "default"
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::\d{1,5})?")


def check_origin(headers: Headers) -> None:
    """Refuse requests that a browser sends on behalf of a page, and any Host that is not loopback."""
    for name in ("Origin", "Sec-Fetch-Site"):
        if name in headers:
            raise refusal(Code.ACCESS_DENIED, f"Requests with the header {name} are refused")
    if not is_loopback(headers.get("Host", "")):
        raise refusal(Code.ACCESS_DENIED, "The Host of a request must be this machine's loopback address")


def is_loopback(host: str) -> bool:
    """True for 127.0.0.0/8, localhost and [::1], with or without a port."""
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match["name"].strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def check_password(headers: Headers, expected: str) -> None:
    """Check the password in Basic authorization or ClickHouse's headers; not in the URL, which gets logged."""
    given = _credentials(headers)
    if given is None:
        raise refusal(Code.AUTHENTICATION_FAILED, "This server requires a user name and a password", 401)
    user, password = given
    if not hmac.compare_digest(password.encode(), expected.encode()) or user != USER:
        raise refusal(Code.AUTHENTICATION_FAILED, "Authentication failed: wrong user name or password")


def _credentials(headers: Headers) -> tuple[str, str] | None:
    basic = Authorization.from_header(headers.get("Authorization"))
    if basic is not None and basic.type == "basic":
        return basic.username or "", basic.password or ""
    if "X-ClickHouse-Key" in headers:
        return headers.get("X-ClickHouse-User", USER), headers["X-ClickHouse-Key"]
    return None
