"""Compresses lines as they are produced."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator

PIECE = 64 * 1024


def zipped(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Gzip at the fastest level, in pieces of at least 64 kB."""
    zipper = _Zipper()
    for line in lines:
        yield from zipper.add(line)
    yield zipper.end()


async def async_zipped(lines: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The same from an async iterable."""
    zipper = _Zipper()
    async for line in lines:
        for piece in zipper.add(line):
            yield piece
    yield zipper.end()


class _Zipper:
    def __init__(self) -> None:
        self._compress = zlib.compressobj(level=1, wbits=31)
        self._pending = bytearray()

    def add(self, line: bytes) -> Iterator[bytes]:
        """The piece that this line completes, if any."""
        self._pending += self._compress.compress(line)
        if len(self._pending) >= PIECE:
            yield bytes(self._pending)
            self._pending.clear()

    def end(self) -> bytes:
        """The last piece."""
        return bytes(self._pending) + self._compress.flush()
