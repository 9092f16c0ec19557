"""What is sent to a server: one GET, the same for every image but for its URL and the headers of its host."""

import re
from collections.abc import Mapping

from pydantic import SecretStr

from shared.addresses.origin import Origin
from shared.addresses.web_url import WebUrl, parse_web_url
from shared.errors import ConfigurationError
from shared.settings import Settings
from worker.fetch.proxy import Proxy

_ACCEPT = {"Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"}
_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_VALUE = re.compile(r"[\x20-\x7e\xa0-\xff]*")
# These belong to the connection or decide how the response is read.
_OURS = frozenset({"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "range", "te"})


class RequestWriter:
    """Writes the request for a URL. Thread-safe. Raises ConfigurationError for settings that no request can hold."""

    def __init__(self, settings: Settings) -> None:
        if not _VALUE.fullmatch(settings.fetch_contact):
            raise ConfigurationError("LICHTBILD_FETCH_CONTACT must be printable Latin-1 text.")
        contact = f"; {settings.fetch_contact}" if settings.fetch_contact else ""
        everywhere = {"User-Agent": f"Lichtbild/0.1 (image search; asks once per image{contact})", **_ACCEPT}
        self._everywhere = header_lines(everywhere)
        self._by_origin = {
            _origin(origin): header_lines(_replaced(everywhere, _checked(origin, headers)))
            for origin, headers in settings.fetch_headers.items()
        }

    def request(self, url: WebUrl, proxy: Proxy | None) -> bytes:
        """The request for `url`; with a proxy, as that expects it (RFC 9112, 3.2.2).

        The headers of LICHTBILD_FETCH_HEADERS are sent to their own origin alone, also after redirects.
        """
        headers = self._by_origin.get(url.origin, self._everywhere)
        target = url.target if proxy is None else str(url)
        if proxy is not None and proxy.authorization:
            headers += f"Proxy-Authorization: {proxy.authorization}\r\n"
        return f"GET {target} HTTP/1.1\r\nHost: {url.origin.netloc}\r\n{headers}\r\n".encode("latin-1")


def _origin(text: str) -> Origin:
    try:
        url = parse_web_url(text)
    except ValueError as problem:
        raise ConfigurationError(f"LICHTBILD_FETCH_HEADERS: the origin {text!r} {problem}.") from None
    if url.target != "/":
        raise ConfigurationError(f"LICHTBILD_FETCH_HEADERS: {text!r} must be an origin, such as {url.origin}.")
    return url.origin


def _checked(origin: str, headers: Mapping[str, SecretStr]) -> dict[str, str]:
    """The values are secrets: no message shows them."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or name.lower() in _OURS:
            raise ConfigurationError(f"LICHTBILD_FETCH_HEADERS: {origin} cannot have a header {name!r}.")
        if not _VALUE.fullmatch(value.get_secret_value()):
            raise ConfigurationError(f"LICHTBILD_FETCH_HEADERS: {name} of {origin} must be printable Latin-1 text.")
    return {name: value.get_secret_value() for name, value in headers.items()}


def _replaced(headers: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """Names are compared without case."""
    names = {name.lower() for name in others}
    return {name: value for name, value in headers.items() if name.lower() not in names} | dict(others)


def header_lines(headers: Mapping[str, str]) -> str:
    """The headers as they are sent, each with its line end."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())
