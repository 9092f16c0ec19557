"""Request bodies as streams: size limit, fingerprint, gzip."""

import gzip
import hashlib
import io
import zlib
from typing import Any, cast

from flask import request

from shared.errors import MalformedError, PayloadTooLargeError, UnsupportedTypeError


class Body(io.RawIOBase):
    """The request body as a stream. It limits the unzipped size, because a small gzip body may expand to any size, and
    computes a fingerprint.
    """

    def __init__(self, stream: Any, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._left = limit
        self._digest = hashlib.sha256()

    def fingerprint(self) -> str:
        """SHA-256 of the unzipped bytes read so far, in hexadecimal."""
        return self._digest.hexdigest()

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
                f"The body exceeds {self._limit} bytes; send long lists as application/x-ndjson."
            )
        self._digest.update(piece)
        buffer[: len(piece)] = piece
        return len(piece)


def request_body(max_bytes: int) -> Body:
    """The body of the current request, limited to `max_bytes` before and after unzipping."""
    request.max_content_length = max_bytes
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity":
        return Body(request.stream, max_bytes)
    if encoding == "gzip":
        return Body(gzip.GzipFile(fileobj=cast(Any, request.stream), mode="rb"), max_bytes)
    raise UnsupportedTypeError(f"Content-Encoding must be gzip or identity, not {encoding!r}.")
