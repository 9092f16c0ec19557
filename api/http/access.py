"""Access control: known Host headers only, no foreign web pages, and an API key if keys are set."""

import hmac
import ipaddress
from collections.abc import Collection, Sequence
from urllib.parse import urlsplit

from flask import Flask, Response, request

from api.http.problems import problem
from shared.settings import Settings


def install(app: Flask, settings: Settings) -> None:
    """Check every request before its route runs."""
    public = urlsplit(settings.public_url).hostname
    allowed = {*settings.allowed_hosts, *([public] if public else [])}
    keys = [key.get_secret_value().encode() for key in settings.api_keys]

    @app.before_request
    def check() -> Response | None:
        # DNS rebinding shows as a foreign Host, a cross-site form post as a foreign Origin.
        if not _known_host(request.host, allowed):
            return problem(403, "foreign_host", "This host name is not served here (LICHTBILD_ALLOWED_HOSTS).")
        origin = request.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
            return problem(403, "foreign_origin", "Requests from other sites' pages are refused.")
        if keys and request.path.startswith("/v1/") and not _has_key(keys):
            refused = problem(401, "unauthorized", "Send `Authorization: Bearer KEY` with one of LICHTBILD_API_KEYS.")
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        return None


def _known_host(host: str, allowed: Collection[str]) -> bool:
    try:
        name = (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return False
    if name == "localhost" or "*" in allowed or name in allowed:
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def given_key() -> str:
    """The API key of the current request, also if none is required; empty without one."""
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""


def _has_key(keys: Sequence[bytes]) -> bool:
    # Compare with every key, so that the time does not reveal which one is similar.
    matches = [hmac.compare_digest(given_key().encode(), key) for key in keys]
    return any(matches)
