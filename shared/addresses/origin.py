"""The server that a URL names."""

from dataclasses import dataclass

from urllib3.util import parse_url


@dataclass(frozen=True, slots=True)
class Origin:
    """The server at the other end of a connection. `host` is an ASCII name or a numeric address."""

    is_tls: bool
    host: str
    port: int

    def __str__(self) -> str:
        return f"{'https' if self.is_tls else 'http'}://{self.host}:{self.port}"


def origin_and_target(url: str) -> tuple[Origin, str]:
    """The origin of an http or https URL and the request target. Encodes names by IDNA, and odd characters by percent
    signs.

    Raises ValueError for a URL without a valid host or port.
    """
    parts = parse_url(url)
    is_tls = parts.scheme == "https"
    host = (parts.host or "").strip("[]").partition("%")[0]
    return Origin(is_tls, host, parts.port or (443 if is_tls else 80)), parts.request_uri
