"""One HTTP/1 response, read as leniently as browsers read it (RFC 9110, RFC 9112).

`http.client` ends the headers at the first malformed line; everything behind it is lost.
"""

import re
from dataclasses import dataclass

from shared.errors import ItemError
from worker.fetch.stream import Stream

_STATUS_LINE = re.compile(rb"HTTP/(\d+)(?:\.(\d+))?[ \t]+(\d{3})(?!\d)", re.IGNORECASE)
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_MAX_HEADERS = 256 * 1024
_SWITCHING_PROTOCOLS = 101

Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Head:
    """Names are in lower case, values are Latin-1. Those of a repeated name are joined by a comma and a line feed."""

    status: int
    headers: Headers
    is_http_1_0: bool

    def tokens(self, name: str) -> list[str]:
        """The values of a comma-separated header in lower case."""
        value = self.headers.get(name)
        return [token.strip().lower() for token in value.split(",") if token.strip()] if value else []

    @property
    def length(self) -> int | None:
        """The Content-Length; None without one, or if it is no number. Raises ItemError if there are several."""
        values = set(self.tokens("content-length"))
        if len(values) > 1:
            raise ItemError("bad_response", "The response has several values of Content-Length.")
        return next((int(value) for value in values if value.isascii() and value.isdigit()), None)

    @property
    def keeps_connection(self) -> bool:
        """Whether another request may follow on the connection."""
        options = self.tokens("connection")
        return "keep-alive" in options if self.is_http_1_0 else "close" not in options


def read_head(stream: Stream) -> Head:
    """Read the head of the final response, behind any number of informational ones (RFC 9110, 15.2).

    Raises ItemError `bad_response` or `broken_response`, and OSError.
    """
    while True:
        head = _one_head(stream)
        if head.status >= 200 or head.status == _SWITCHING_PROTOCOLS:
            return head


def _one_head(stream: Stream) -> Head:
    line = stream.line()
    if not line:
        raise ConnectionResetError("The server closed the connection without a response.")
    match = _STATUS_LINE.match(line)
    if match is None:
        raise ItemError("bad_response", "The response is not valid HTTP: it has no status line.")
    major, minor, status = match.groups()
    return Head(int(status), _headers(stream), int(major) < 1 or (int(major) == 1 and int(minor or 1) == 0))


def _headers(stream: Stream) -> Headers:
    """Read up to the empty line. Lines without a colon or a valid name are skipped, as in browsers."""
    fields: list[tuple[bytes, bytes]] = []
    size = 0
    while line := stream.line():
        size += len(line)
        if size > _MAX_HEADERS:
            raise ItemError("bad_response", f"The response has more than {_MAX_HEADERS} bytes of headers.")
        if line in (b"\r\n", b"\n"):
            return _merged(fields)
        name, colon, value = line.partition(b":")
        if line[0] in b" \t":
            # A folded line continues the value before it (RFC 9112, 5.2).
            if fields:
                fields[-1] = (fields[-1][0], fields[-1][1] + b" " + line.strip())
        else:
            fields.append((name if colon else b"", value.strip()))
    raise ItemError("broken_response", "The response ended within its headers.", retryable=True)


def _merged(fields: list[tuple[bytes, bytes]]) -> Headers:
    """A name with a space before its colon counts if there is none without (RFC 9112, 5.1)."""
    headers: Headers = {}
    spaced: Headers = {}
    for name, value in fields:
        bare = name.rstrip()
        if _TOKEN.fullmatch(bare):
            into = headers if bare == name else spaced
            key, text = bare.decode("ascii").lower(), value.decode("latin-1")
            into[key] = f"{into[key]},\n{text}" if key in into else text
    return spaced | headers
