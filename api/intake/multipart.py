"""Multipart bodies as a stream of parts, without holding a part in memory."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from shared.errors import MalformedError

_PIECE = 64 * 1024
# Limit of headers and data between parts. The bytes of a part are passed on as they arrive.
_MOST_BUFFERED = 1024 * 1024
_LINE_BREAK = re.compile(rb"[\r\n]")


class Stream(Protocol):
    """The source of a body."""

    def read(self, size: int, /) -> bytes | None: ...


@dataclass(frozen=True)
class Part:
    """One part. Read its bytes from `pieces` before requesting the next part."""

    name: str
    filename: str | None
    pieces: Iterator[bytes]


def read_parts(stream: Stream, boundary: str) -> Iterator[Part]:
    """The parts in order. Raises MalformedError, also for a truncated body."""
    events = _events(stream, boundary)
    for event in events:
        if isinstance(event, File):
            yield Part(event.name or "", event.filename, _pieces(events))
        elif isinstance(event, Field):
            yield Part(event.name or "", None, _pieces(events))


def _pieces(events: Iterator[Event]) -> Iterator[bytes]:
    for event in events:
        if isinstance(event, Data):
            yield event.data
            if not event.more_data:
                return


def _events(stream: Stream, boundary: str) -> Iterator[Event]:
    try:
        decoder = _Decoder(boundary.encode("ascii"), max_form_memory_size=_MOST_BUFFERED)
        event: Event = NeedData()
        while not isinstance(event, Epilogue):
            decoder.receive_data(stream.read(_PIECE) or None)
            while not isinstance(event := decoder.next_event(), NeedData | Epilogue):
                yield event
    except ValueError as error:
        raise MalformedError("The body is truncated or not valid multipart/form-data.") from error


class _Decoder(MultipartDecoder):
    """Werkzeug's decoder with a fix: 3.1.9 treats the line break before the last delimiter as content if a read ends
    between the two dashes after the boundary.
    """

    def _last_partial_boundary_index(self, data: bytes | bytearray) -> int:
        """The start of bytes that may be part of a delimiter: a line break near the end of the buffer."""
        start = max(0, len(data) - len(b"\r\n--") - len(self.boundary) - len(b"--\r\n"))
        found = _LINE_BREAK.search(data, start)
        return found.start() if found else len(data)
