"""Request bodies as streams: bounded, and unzipped on the way."""

import gzip
import io
import zlib
from typing import Any, BinaryIO, cast

from flask import request

from api.manifest import MalformedError, UnsupportedTypeError
from shared.errors import PayloadTooLargeError


def body_stream(max_bytes: int) -> BinaryIO:
    """The request's body, at most `max_bytes` of it, also after unzipping."""
    request.max_content_length = max_bytes
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity":
        return _bounded(request.stream, max_bytes)
    if encoding == "gzip":
        return _bounded(gzip.GzipFile(fileobj=cast(Any, request.stream), mode="rb"), max_bytes)
    raise UnsupportedTypeError(f"Content-Encoding must be gzip or identity, not {encoding!r}.")


def _bounded(stream: Any, limit: int) -> BinaryIO:
    return io.BufferedReader(cast(Any, _Bounded(stream, limit)), 64 * 1024)


class _Bounded(io.RawIOBase):
    """Counts what is read: a small zipped body may unzip to anything."""

    def __init__(self, stream: Any, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            piece = self._stream.read(len(buffer))
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise MalformedError("The body is not valid gzip.") from error
        self._left -= len(piece)
        if self._left < 0:
            raise PayloadTooLargeError(
                f"The body is over {self._limit} bytes; send long lists as application/x-ndjson."
            )
        buffer[: len(piece)] = piece
        return len(piece)
