"""One download: a GET, its redirects, and a body of limited size."""

import contextlib
import http.client
from http import HTTPStatus
from urllib.parse import urljoin

from shared.addresses.origin import origin_and_target
from shared.domain.items import url_problem
from shared.errors import ItemError
from worker.fetch.connections import Connection, ConnectionPool, pending
from worker.fetch.exchange import classified, retry_after
from worker.images.decoder import SIGNATURE_BYTES, may_be_image

USER_AGENT = "Lichtbild/0.1 (image search; asks once per image)"
_HEADERS = {"User-Agent": USER_AGENT, "Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"}
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 5
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


class Downloader:
    """Downloads bodies of at most `limit` bytes. Thread-safe."""

    def __init__(self, pool: ConnectionPool, limit: int) -> None:
        self._pool = pool
        self._limit = limit

    def download(self, url: str, deadline: float) -> bytes:
        """Return the body at `url`. Everything ends at `deadline` (`time.monotonic` seconds).

        Raises ItemError. Its subclasses NoAnswerError and BusyError concern the URL's host.
        """
        for hop in range(_MAX_REDIRECTS + 1):
            problem = url_problem(url)
            if problem:
                raise ItemError("bad_url", f"The URL {problem}.")
            connection, response = self._request(url, deadline, is_first=hop == 0)
            try:
                if response.status not in _REDIRECTS or not response.getheader("location"):
                    return self._body(connection, response)
                self._discard(connection, response)
                url = urljoin(url, _location(response))
            except (http.client.HTTPException, OSError, ValueError) as error:
                raise classified(error) from error
            finally:
                _close_unless_done(connection, response)
        raise ItemError("too_many_redirects", f"More than {_MAX_REDIRECTS} redirects.")

    def _request(self, url: str, deadline: float, *, is_first: bool) -> tuple[Connection, http.client.HTTPResponse]:
        try:
            origin, target = origin_and_target(url)
            connection = self._pool.take(origin)
            connection.expire_at(deadline)
            was_idle = connection.sock is not None
            try:
                return connection, _send(connection, target)
            except ConnectionError:
                if not was_idle:
                    raise
            # The server closed the idle connection while the request was sent: repeat it on a new connection.
            return connection, _send(connection, target)
        except (http.client.HTTPException, OSError, ValueError) as error:
            failure = classified(error)
            if is_first and isinstance(error, OSError):
                raise NoAnswerError(failure.code, str(failure), retryable=failure.retryable) from error
            raise failure from error

    def _body(self, connection: Connection, response: http.client.HTTPResponse) -> bytes:
        if response.status != HTTPStatus.OK:
            self._discard(connection, response)
            if response.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
                raise BusyError(response.status, retry_after(response.getheader("retry-after", "")))
            code = f"http_{response.status}"
            raise ItemError(code, f"The server answered {response.status}.", retryable=response.status >= 500)
        announced = response.length
        if announced is not None and announced > self._limit:
            raise self._too_large()
        body = bytearray()
        while piece := _read(response, _PIECE if announced is None else min(_PIECE, announced - len(body))):
            is_start = len(body) < SIGNATURE_BYTES
            body += piece
            if is_start and len(body) >= SIGNATURE_BYTES and not may_be_image(bytes(body[:SIGNATURE_BYTES])):
                raise ItemError("not_an_image", _not_an_image(response))
            if len(body) > self._limit:
                raise self._too_large()
        if announced is not None:
            _check_end(connection, response, announced, len(body))
        self._keep(connection, response)
        return bytes(body)

    def _discard(self, connection: Connection, response: http.client.HTTPResponse) -> None:
        left = _MAX_DISCARDED
        while left > 0 and (piece := response.read1(left)):
            left -= len(piece)
        if left > 0 and not response.length:
            self._keep(connection, response)

    def _keep(self, connection: Connection, response: http.client.HTTPResponse) -> None:
        response.close()
        if not response.will_close:
            self._pool.give_back(connection)

    def _too_large(self) -> ItemError:
        return ItemError("too_large", f"The image is larger than {self._limit} bytes (LICHTBILD_MAX_IMAGE_BYTES).")


def _send(connection: Connection, target: str) -> http.client.HTTPResponse:
    try:
        connection.request("GET", target, headers=_HEADERS)
        return connection.getresponse()
    except BaseException:
        connection.close()
        raise


def _read(response: http.client.HTTPResponse, most: int) -> bytes:
    """Read up to `most` bytes. With a Content-Length, read from the stream, which http.client then leaves open."""
    return response.fp.read1(most) if response.length is not None else response.read1(most)


def _check_end(connection: Connection, response: http.client.HTTPResponse, announced: int, size: int) -> None:
    if size < announced:
        raise ItemError("broken_response", f"The server announced {announced} bytes and sent {size}.", retryable=True)
    # Surplus bytes are in the buffer if they came with the last read, else in the socket.
    connection.expire_at(0)
    try:
        surplus = response.fp.peek(1)
    except TimeoutError:
        surplus = pending(connection.stream) or b"" if connection.stream is not None else b""
    if surplus:
        raise ItemError("broken_response", f"The server announced {announced} bytes and sent more.")


def _close_unless_done(connection: Connection, response: http.client.HTTPResponse) -> None:
    """Close the connection of a response that was not read to its end."""
    if not response.isclosed():
        response.close()
        connection.close()


def _location(response: http.client.HTTPResponse) -> str:
    """`http.client` decodes headers as Latin-1; servers that do not encode their URLs send UTF-8."""
    location = response.getheader("location", "")
    with contextlib.suppress(UnicodeError):
        location = location.encode("latin-1").decode("utf-8")
    return location.strip().replace(" ", "%20")


def _not_an_image(response: http.client.HTTPResponse) -> str:
    packed = response.getheader("content-encoding")
    if packed and packed != "identity":
        return f"The body has the content encoding {packed[:40]!r}, which was not requested."
    kind = response.getheader("content-type", "")
    return f"The body is not an image; its Content-Type is {kind[:80]!r}."
