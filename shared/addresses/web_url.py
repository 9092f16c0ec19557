"""What a URL of an image means: one reading for API and worker, that of browsers (url.spec.whatwg.org).

The path and the query keep every byte; only characters that a request line cannot hold are percent-encoded.
"""

import re
from dataclasses import dataclass

import can_ada

from shared.addresses.origin import DEFAULT_PORTS, Origin

MAX_URL_BYTES = 4096

_SURROGATE = re.compile("[\ud800-\udfff]")
# Browsers remove these anywhere, and spaces and control characters at both ends.
_REMOVED = str.maketrans("", "", "\t\n\r")
_STRIPPED = "".join(map(chr, range(0x21)))
# The two slashes are required, and a third is an empty host: of `http:///photos/1.jpg` browsers ask the host `photos`.
_START = re.compile(r"https?:[/\\]{2}([^/?#]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class WebUrl:
    """`target` is the path with the query, as it is sent. The fragment is dropped."""

    origin: Origin
    target: str

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"

    def joined(self, location: str) -> "WebUrl":
        """The URL that a redirect to `location` leads to. Raises ValueError as `parse_web_url` does."""
        try:
            href = (can_ada.parse(str(self)) + location).href
        except ValueError:
            raise ValueError(f"is not valid: {location[:80]!r}") from None
        return parse_web_url(href)


def parse_web_url(text: str) -> WebUrl:
    """Raises ValueError if no image can be asked for at this URL; its message completes "The URL …".

    Addresses are not checked here, but where they are connected to.
    """
    text, authority = _checked(text)
    try:
        href = can_ada.parse(text).href
    except ValueError:
        raise ValueError(_bad_host(authority)) from None
    scheme, _, rest = href.partition("#")[0].partition("://")
    netloc, _, target = rest.partition("/")
    host, _, port = netloc.rpartition(":") if netloc[-1] != "]" and ":" in netloc else (netloc, "", "")
    is_tls = scheme == "https"
    return WebUrl(Origin(is_tls, host.strip("[]"), int(port or DEFAULT_PORTS[is_tls])), f"/{target}")


def url_problem(text: str) -> str | None:
    """What is wrong with the URL of an image, or None. Quicker than `parse_web_url`."""
    try:
        text, authority = _checked(text)
    except ValueError as problem:
        return str(problem)
    return None if can_ada.can_parse(text) else _bad_host(authority)


def _checked(text: str) -> tuple[str, str]:
    """The text without what browsers remove, and the part between the slashes. Raises ValueError."""
    if not text:
        raise ValueError("is missing")
    # True of nearly every URL, and quick.
    if not text.isprintable():
        if _SURROGATE.search(text):
            raise ValueError("is not valid UTF-8")
        text = text.translate(_REMOVED)
    text = text.strip(_STRIPPED)
    if len(text) * 4 > MAX_URL_BYTES and len(text.encode()) > MAX_URL_BYTES:
        raise ValueError(f"must be at most {MAX_URL_BYTES} bytes")
    start = _START.match(text)
    if start is None:
        raise ValueError("must begin with http:// or https://")
    authority = start[1]
    if not authority or authority.startswith("\\"):
        raise ValueError("has no host")
    # Programs differ about the host of `http://a\@b/`, so it is refused like `http://a@b/`.
    if "@" in authority:
        raise ValueError("must not contain a user name or password")
    return text, authority


def _bad_host(authority: str) -> str:
    return f"has a host or port that is not valid: {authority[:80]!r}"
