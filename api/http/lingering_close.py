"""How request bodies end: a refusal reaches a client that is still sending, and a broken connection is no end.

A connection closed with bytes unread is reset, and a reset may overtake the answer: the client would see a broken
connection instead of why its upload was refused. So the answer is sent, the sending side closed, and what still comes
is read and dropped for a while (as nginx does under `lingering_close`).
"""

import io
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import ClientDisconnected
from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_LINGER_SECONDS = 5.0
_PIECE = 64 * 1024


class Lingering:
    """WSGI middleware; it lingers only where gunicorn lends it the connection."""

    def __init__(self, app: "WSGIApplication") -> None:
        self._app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        body = _Received(environ)
        environ["wsgi.input"] = body
        connection: socket.socket | None = environ.get("gunicorn.socket")
        refused = False

        def starting(status: str, *rest: Any) -> Callable[[bytes], object]:
            nonlocal refused
            refused = status >= "400"
            return start_response(status, *rest)

        def sent() -> None:
            if connection is not None and refused and body.is_under_way():
                _drain(connection)

        return ClosingIterator(self._app(environ, starting), sent)


class _Received(io.RawIOBase):
    """A request's body that knows how much of it is still to come."""

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._stream = environ["wsgi.input"]
        length = environ.get("CONTENT_LENGTH") or ("" if environ.get("wsgi.input_terminated") else "0")
        self._left = int(length) if length.isdecimal() else None
        self._ended = "HTTP_TRANSFER_ENCODING" not in environ and self._left is None

    def is_under_way(self) -> bool:
        """Whether more may come than gunicorn reads by itself in no time."""
        return not self._ended if self._left is None else self._left > _PIECE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(len(buffer))
        self._ended = not piece
        if self._left is not None:
            if self._ended and self._left > 0:
                # The server calls a broken connection the end of the body: half a list must not pass for a list.
                raise ClientDisconnected
            self._left -= len(piece)
        buffer[: len(piece)] = piece
        return len(piece)


def _drain(connection: socket.socket) -> None:
    deadline = time.monotonic() + _LINGER_SECONDS
    with suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        while (left := deadline - time.monotonic()) > 0:
            connection.settimeout(left)
            if not connection.recv(_PIECE):
                return
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
