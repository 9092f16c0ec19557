"""The body of a response: up to its length, in chunks, or up to the end of the connection (RFC 9112, 6)."""

from typing import Protocol

from shared.errors import ItemError
from worker.fetch.response import Head
from worker.fetch.stream import Stream

_NO_BODY = frozenset({204, 205, 304})
_MAX_TRAILERS = 64 * 1024


class Source(Protocol):
    """Where bytes are read from."""

    def read(self, most: int, /) -> bytes:
        """Up to `most` bytes, at least one; none at the end."""
        ...


class Body(Source, Protocol):
    """Reading raises ItemError `broken_response`, and OSError."""

    @property
    def is_done(self) -> bool:
        """Whether all of it was read."""
        ...

    @property
    def ends_itself(self) -> bool:
        """False of a body that only the end of the connection ends."""
        ...


def body_of(head: Head, stream: Stream) -> Body:
    """Raises ItemError `bad_response` if its length is contradictory."""
    if head.status in _NO_BODY:
        return _Counted(stream, 0)
    if head.tokens("transfer-encoding")[-1:] == ["chunked"]:
        return _Chunked(stream)
    length = head.length
    return _Endless(stream) if length is None else _Counted(stream, length)


class _Counted:
    ends_itself = True

    def __init__(self, stream: Stream, length: int) -> None:
        self._stream = stream
        self._length = self._left = length

    @property
    def is_done(self) -> bool:
        return self._left == 0

    def read(self, most: int) -> bytes:
        if not self._left:
            return b""
        piece = self._stream.some(min(most, self._left))
        self._left -= len(piece)
        if not piece:
            raise _broken(f"The server announced {self._length} bytes and sent {self._length - self._left}.")
        return piece


class _Endless:
    ends_itself = False
    is_done = False

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def read(self, most: int) -> bytes:
        piece = self._stream.some(most)
        self.is_done = not piece
        return piece


class _Chunked:
    ends_itself = True
    is_done = False

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._left = 0
        self._is_first = True

    def read(self, most: int) -> bytes:
        if self.is_done:
            return b""
        if not self._left:
            self._begin()
            if self.is_done:
                return b""
        piece = self._stream.some(min(most, self._left))
        self._left -= len(piece)
        if not piece:
            raise _broken("The response ended within a chunk.")
        return piece

    def _begin(self) -> None:
        """Read a chunk's size, or the trailers behind the last chunk."""
        if not self._is_first and self._stream.line().strip():
            raise _broken("A chunk of the response is longer than its size.")
        self._is_first = False
        digits = self._stream.line().partition(b";")[0].strip()
        try:
            # `int` alone would accept signs, underscores and 0x.
            self._left = int(digits if digits.isalnum() and digits[:2].lower() != b"0x" else b"", 16)
        except ValueError:
            raise _broken("A chunk of the response has no valid size.") from None
        if not self._left:
            left = _MAX_TRAILERS
            while left > 0 and (line := self._stream.line()) not in (b"\r\n", b"\n", b""):
                left -= len(line)
            self.is_done = True


def _broken(detail: str) -> ItemError:
    return ItemError("broken_response", detail, retryable=True)
