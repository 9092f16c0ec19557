"""What a caller gives to be read one by one: iterables and async iterables."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Generic, TypeVar

from lichtbild.errors import InvalidItem

T = TypeVar("T")


class Source(Generic[T]):
    """The items of an iterable or an async iterable, in order, once."""

    def __init__(self, items: Iterable[T] | AsyncIterable[T]) -> None:
        self._items: Iterator[T] | AsyncIterator[T]
        self._items = aiter(items) if isinstance(items, AsyncIterable) else iter(items)

    def blocking(self) -> Iterator[T]:
        """Raises InvalidItem for an async iterable."""
        if isinstance(self._items, AsyncIterator):
            raise InvalidItem("An async iterable needs an AsyncClient.")
        return self._items

    def asynchronous(self) -> AsyncIterator[T] | None:
        """None for a plain iterable."""
        return self._items if isinstance(self._items, AsyncIterator) else None


class StreamedBody(Source[bytes]):
    """A body's pieces. Records the monotonic time at which one was last taken, whether all were, and an error of the
    source."""

    def __init__(self, pieces: Iterator[bytes] | AsyncIterator[bytes]) -> None:
        super().__init__(pieces)
        self.moved_at = time.monotonic()
        self.is_sent = False
        self.source_error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self.blocking():
                self.moved_at = time.monotonic()
                yield piece
        except Exception as error:
            self.source_error = error
            raise
        self._end()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces of an async source."""
        try:
            async for piece in self._items:  # type: ignore[union-attr]
                self.moved_at = time.monotonic()
                yield piece
        except Exception as error:
            self.source_error = error
            raise
        self._end()

    def _end(self) -> None:
        self.moved_at = time.monotonic()
        self.is_sent = True
