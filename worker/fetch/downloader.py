"""One download: a GET, its redirects, and a body of limited size."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from shared.addresses.web_url import WebUrl
from shared.errors import ItemError
from worker.fetch.body import Body, Source, body_of
from worker.fetch.connection_pool import ConnectionPool
from worker.fetch.connections import Connection
from worker.fetch.content_codings import Replayed, unpacked
from worker.fetch.exchange import classified, retry_after
from worker.fetch.opt_out import check_opt_out
from worker.fetch.request import RequestWriter
from worker.fetch.response import Head, read_head
from worker.images.decoder import SIGNATURE_BYTES, foreign, may_be_image

# As in browsers (fetch.spec.whatwg.org, HTTP-redirect fetch).
_MAX_REDIRECTS = 20
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# 201 and 226 are answers to other requests, but browsers show their picture, too.
_WITH_IMAGE = frozenset({200, 201, 203, 206, 226})
_WHOLE = re.compile(r"bytes\s+0-(\d+)/(\d+|\*)", re.IGNORECASE)
_PIECE = 64 * 1024
# Read up to this many bytes of an error's or a redirect's body: at its end the connection can be reused.
_MAX_DISCARDED = 16 * 1024


class NoAnswerError(ItemError):
    """The URL's host did not answer: no address, no connection, or no response header."""


class BusyError(ItemError):
    """Status 429 or 503. `seconds` is the value of `Retry-After`, 0 without one."""

    def __init__(self, status: int, seconds: float) -> None:
        super().__init__(f"http_{status}", f"The server answered {status}.", retryable=True)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Moved:
    """A redirect to another host, after `hops` redirects in all."""

    url: WebUrl
    hops: int


@dataclass(slots=True)
class _Exchange:
    """A request that was sent, and its response as far as it was read."""

    connection: Connection
    head: Head
    body: Body


class Downloader:
    """Downloads bodies of at most `limit` bytes. Thread-safe."""

    def __init__(self, pool: ConnectionPool, writer: RequestWriter, limit: int, opt_out: Collection[str]) -> None:
        self._pool = pool
        self._writer = writer
        self._limit = limit
        self._opt_out = opt_out

    def download(self, url: WebUrl, deadline: float, hops: int = 0) -> bytes | Moved:
        """Return the body at `url`, or where to ask instead. Everything ends at `deadline` (`time.monotonic` seconds).

        Redirects within a host are followed. Raises ItemError. Its subclasses NoAnswerError and BusyError concern the
        URL's host.
        """
        host = url.origin.netloc
        while url.origin.netloc == host:
            exchange = self._exchange(url, deadline)
            try:
                location = exchange.head.headers.get("location") if exchange.head.status in _REDIRECTS else None
                if not location:
                    return self._image(exchange)
                if hops == _MAX_REDIRECTS:
                    raise ItemError("too_many_redirects", f"More than {_MAX_REDIRECTS} redirects.")
                self._discard(exchange)
                url, hops = _target(url, location), hops + 1
            except (OSError, ValueError) as error:
                raise classified(error) from error
            finally:
                if not exchange.body.is_done:
                    exchange.connection.close()
        return Moved(url, hops)

    def _exchange(self, url: WebUrl, deadline: float) -> _Exchange:
        try:
            connection = self._pool.take(url.origin)
            try:
                return self._sent(connection, url, deadline, was_idle=connection.stream is not None)
            except BaseException:
                connection.close()
                raise
        except (OSError, ValueError) as error:
            failure = classified(error)
            if isinstance(error, OSError):
                raise NoAnswerError(failure.code, str(failure), retryable=failure.retryable) from error
            raise failure from error

    def _sent(self, connection: Connection, url: WebUrl, deadline: float, *, was_idle: bool) -> _Exchange:
        try:
            stream = connection.opened(deadline)
            stream.send(self._writer.request(url, connection.proxy))
            head = read_head(stream)
            return _Exchange(connection, head, body_of(head, stream))
        except ConnectionError:
            if not was_idle:
                raise
        # The server closed the idle connection while the request was sent: repeat it on a new connection.
        connection.close()
        return self._sent(connection, url, deadline, was_idle=False)

    def _image(self, exchange: _Exchange) -> bytes:
        head = exchange.head
        if head.status not in _WITH_IMAGE or not _is_whole(head):
            self._discard(exchange)
            raise _refused(head)
        if "x-robots-tag" in head.headers:
            check_opt_out(head.headers["x-robots-tag"], self._opt_out)
        length = head.length
        if length is not None and length > self._limit and exchange.body.ends_itself:
            raise self._too_large()
        content = self._content(head, exchange.body)
        if not exchange.body.is_done:
            # Behind a packed body: read to its end, to reuse the connection.
            self._discard(exchange)
        elif exchange.body.ends_itself:
            if exchange.connection.stream is not None and exchange.connection.stream.has_surplus():
                raise ItemError("broken_response", f"The server announced {len(content)} bytes and sent more.")
            self._keep(exchange)
        return content

    def _content(self, head: Head, body: Body) -> bytes:
        source: Source = body
        if codings := head.tokens("content-encoding") + head.tokens("transfer-encoding"):
            start = _first(body)
            source = Replayed(start, body)
            # A picture that is noted as packed is none the less a picture.
            if not (len(start) >= SIGNATURE_BYTES and may_be_image(start)):
                source = unpacked(source, codings)
        content = bytearray()
        while piece := source.read(_PIECE):
            is_start = len(content) < SIGNATURE_BYTES
            content += piece
            if is_start and len(content) >= SIGNATURE_BYTES and not may_be_image(bytes(content[:SIGNATURE_BYTES])):
                raise ItemError("not_an_image", _not_an_image(head, bytes(content[:SIGNATURE_BYTES])))
            if len(content) > self._limit:
                raise self._too_large()
        return bytes(content)

    def _discard(self, exchange: _Exchange) -> None:
        left = _MAX_DISCARDED
        while left > 0 and (piece := exchange.body.read(left)):
            left -= len(piece)
        self._keep(exchange)

    def _keep(self, exchange: _Exchange) -> None:
        if exchange.body.is_done and exchange.body.ends_itself and exchange.head.keeps_connection:
            self._pool.give_back(exchange.connection)
        else:
            exchange.connection.close()

    def _too_large(self) -> ItemError:
        return ItemError("too_large", f"The image is larger than {self._limit} bytes (LICHTBILD_MAX_IMAGE_BYTES).")


def _first(body: Body) -> bytes:
    start = b""
    while len(start) < SIGNATURE_BYTES and (piece := body.read(SIGNATURE_BYTES - len(start))):
        start += piece
    return start


def _is_whole(head: Head) -> bool:
    """Whether a response with status 206, to a request that asked for no part, has the whole picture."""
    sent = head.headers.get("content-range")
    if head.status != HTTPStatus.PARTIAL_CONTENT or sent is None:
        return True
    match = _WHOLE.fullmatch(sent.strip())
    return match is not None and match[2] in ("*", str(int(match[1]) + 1))


def _refused(head: Head) -> ItemError:
    if head.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return BusyError(head.status, retry_after(head.headers.get("retry-after", "")))
    part = " with a part of the image, which was not asked for" if head.status == HTTPStatus.PARTIAL_CONTENT else ""
    return ItemError(f"http_{head.status}", f"The server answered {head.status}{part}.", retryable=head.status >= 500)


def _target(url: WebUrl, location: str) -> WebUrl:
    """Where a redirect leads. Servers that do not encode their URLs send UTF-8 or, kept byte by byte, anything else."""
    raw = location.partition(",\n")[0].encode("latin-1")
    try:
        text = raw.decode("utf-8")
    except UnicodeError:
        text = quote(raw, safe=bytes(range(0x80)))
    try:
        return url.joined(text)
    except ValueError as problem:
        raise ItemError("bad_url", f"The URL of a redirect {problem}.") from None


def _not_an_image(head: Head, start: bytes) -> str:
    kind = head.headers.get("content-type", "")
    packed = head.headers.get("content-encoding")
    coding = f" and its Content-Encoding {packed[:40]!r}" if packed else ""
    return f"The body is not an image: it is {foreign(start)}. Its Content-Type is {kind[:80]!r}{coding}."
