"""Lingering close: an error response reaches a client that is still sending its body.

Closing a connection with unread bytes resets it, and the reset may overtake the response: the client would see a broken
connection instead of the reason. Therefore the response is sent, the sending side is closed, and further input is read
and dropped for a while, as nginx does with `lingering_close`. A connection that breaks inside a body is an error here,
not the end of the body.
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
    """WSGI middleware. It lingers only if gunicorn passes it the connection."""

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
    """A request body that counts the bytes that are still to come."""

    def __init__(self, environ: "WSGIEnvironment") -> None:
        self._stream = environ["wsgi.input"]
        length = environ.get("CONTENT_LENGTH") or ("" if environ.get("wsgi.input_terminated") else "0")
        self._left = int(length) if length.isdecimal() else None
        self._ended = "HTTP_TRANSFER_ENCODING" not in environ and self._left is None

    def is_under_way(self) -> bool:
        """Whether more bytes may come than gunicorn itself reads quickly."""
        return not self._ended if self._left is None else self._left > _PIECE

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._stream.read(len(buffer))
        self._ended = not piece
        if self._left is not None:
            if self._ended and self._left > 0:
                # gunicorn reports a broken connection as the end of the body: a truncated list must not be accepted.
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
