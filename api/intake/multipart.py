"""Multipart bodies as a stream of parts, none of which is held."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from shared.errors import MalformedError

_PIECE = 64 * 1024
# Headers and what lies around the parts; the bytes of a part are handed on as they come.
_MOST_BUFFERED = 1024 * 1024
_LINE_BREAK = re.compile(rb"[\r\n]")


class Stream(Protocol):
    """What a body is read from."""

    def read(self, size: int, /) -> bytes | None: ...


@dataclass(frozen=True)
class Part:
    """One part. `pieces` are its bytes, to be read before the next part is asked for."""

    name: str
    filename: str | None
    pieces: Iterator[bytes]


def read_parts(stream: Stream, boundary: str) -> Iterator[Part]:
    """The parts in their order. Raises MalformedError, also for a body that is cut short."""
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
        raise MalformedError("The body is not whole, or no valid multipart/form-data.") from error


class _Decoder(MultipartDecoder):
    """Werkzeug's, but for a fault: 3.1.9 takes the line break before the last delimiter for content if a piece of the
    body ends between the two dashes that follow the boundary.
    """

    def _last_partial_boundary_index(self, data: bytes | bytearray) -> int:
        """Where bytes begin that may turn out to be a delimiter: at a line break so near to the end."""
        start = max(0, len(data) - len(b"\r\n--") - len(self.boundary) - len(b"--\r\n"))
        found = _LINE_BREAK.search(data, start)
        return found.start() if found else len(data)
