"""Buffered reads from a connected socket. Every read ends at a deadline, however slowly the server sends."""

import math
import socket
import ssl
import time

from shared.errors import ItemError

_READ_SECONDS = 10.0
_PIECE = 64 * 1024
# Chrome's limit for all headers of a response is 256 KB.
_MAX_LINE = 64 * 1024


class Stream:
    """`deadline` is in seconds of `time.monotonic`. Raises TimeoutError and other OSError."""

    def __init__(self, sock: socket.socket) -> None:
        self.deadline = math.inf
        self._sock = sock
        self._buffer = bytearray()

    def send(self, data: bytes) -> None:
        """Send all of it."""
        self._sock.settimeout(seconds_left(self.deadline, _READ_SECONDS))
        self._sock.sendall(data)

    def line(self) -> bytes:
        """The next line with its line feed; without one at the end of the stream.

        Raises ItemError `bad_response` for a line that is too long.
        """
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > _MAX_LINE:
                raise ItemError("bad_response", "The response is not valid HTTP: one of its lines is too long.")
            if not (more := self._receive(_PIECE)):
                end = searched - 1
                break
            self._buffer += more
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        return line

    def some(self, most: int) -> bytes:
        """Up to `most` bytes, at least one; none at the end of the stream."""
        if not self._buffer:
            return self._receive(min(most, _PIECE))
        piece = bytes(self._buffer[:most])
        del self._buffer[:most]
        return piece

    def is_quiet(self) -> bool:
        """Whether the server has sent nothing that was not read, and has not closed the connection."""
        if self._buffer:
            return False
        try:
            self._sock.settimeout(0)
            self._buffer += self._sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except OSError:
            return False
        return False

    def has_surplus(self) -> bool:
        """Whether the server has sent something that was not read."""
        return not self.is_quiet() and bool(self._buffer)

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def _receive(self, most: int) -> bytes:
        self._sock.settimeout(seconds_left(self.deadline, _READ_SECONDS))
        return self._sock.recv(most)


def seconds_left(deadline: float, most: float) -> float:
    """Seconds until the deadline, at most `most`. Raises TimeoutError after it."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("The deadline has passed.")
    return min(left, most)
