"""Bodies that are sent packed (`Content-Encoding`), unpacked piece by piece: a reader decides how much comes out.

None is asked for, but object stores send what was stored, with the coding that was noted then.
"""

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import IO, cast

import brotli
import zstandard

from shared.errors import ItemError
from worker.fetch.body import Source

_PIECE = 64 * 1024
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS
# Senders may require no more of a receiver (RFC 9659).
_ZSTD_WINDOW = 8 * 2**20
# A bomb is packed into itself; real bodies have one coding.
_MAX_CODINGS = 3


def unpacked(source: Source, codings: Sequence[str]) -> Source:
    """The source without its codings, which are named in the order in which they were applied.

    An unknown coding is left as it is, as in browsers. Reading raises ItemError `broken_response`.
    """
    known = [_CODINGS[coding] for coding in codings if coding in _CODINGS]
    if len(known) > _MAX_CODINGS:
        raise ItemError("bad_response", f"The body has more than {_MAX_CODINGS} content codings.")
    for coding in reversed(known):
        source = coding(source)
    return source


class Replayed:
    """A source, with bytes that were read from it before put back in front."""

    def __init__(self, start: bytes, source: Source) -> None:
        self._start = start
        self._source = source

    def read(self, most: int) -> bytes:
        """The start first."""
        if self._start:
            piece, self._start = self._start[:most], self._start[most:]
            return piece
        return self._source.read(most)


class _Inflated:
    """gzip, with any number of members, and deflate with or without the header of zlib, which some servers omit."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._packed = b""
        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._is_start = True

    def read(self, most: int) -> bytes:
        while True:
            if self._inflate.eof:
                # Another member, or padding, which is ignored.
                self._packed = self._inflate.unused_data or self._source.read(_PIECE)
                if not self._packed.startswith(b"\x1f\x8b"):
                    return b""
                self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB)
            elif not self._packed:
                self._packed = self._source.read(_PIECE)
                if not self._packed:
                    raise _broken("gzip or deflate")
            if out := self._inflated(most):
                return out

    def _inflated(self, most: int) -> bytes:
        try:
            out = self._inflate.decompress(self._packed, most)
        except zlib.error:
            if not self._is_start:
                raise _broken("gzip or deflate") from None
            self._is_start = False
            self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)
            return self._inflated(most)
        self._is_start = self._is_start and not out
        self._packed = self._inflate.unconsumed_tail
        return out


class _Brotli:
    def __init__(self, source: Source) -> None:
        self._source = source
        self._decompressor = brotli.Decompressor()

    def read(self, most: int) -> bytes:
        packed = b""
        try:
            while not self._decompressor.is_finished():
                if self._decompressor.can_accept_more_data() and not (packed := self._source.read(_PIECE)):
                    raise _broken("br")
                if out := self._decompressor.process(packed, output_buffer_limit=most):
                    return bytes(out)
                packed = b""
        except brotli.error:
            raise _broken("br") from None
        return b""


class _Zstandard:
    def __init__(self, source: Source) -> None:
        self._reader = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).stream_reader(
            cast("IO[bytes]", source), read_size=_PIECE, read_across_frames=True
        )

    def read(self, most: int) -> bytes:
        try:
            return bytes(self._reader.read1(most))
        except zstandard.ZstdError:
            raise _broken("zstd") from None


_CODINGS: Mapping[str, Callable[[Source], Source]] = {
    "gzip": _Inflated,
    "x-gzip": _Inflated,
    "deflate": _Inflated,
    "br": _Brotli,
    "zstd": _Zstandard,
}


def _broken(coding: str) -> ItemError:
    return ItemError("broken_response", f"The body cannot be unpacked: its content coding is {coding}.")
