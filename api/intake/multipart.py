"""Multipart bodies as a stream of parts, without holding a part in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from multipart import MultipartError, MultipartSegment, ParserLimitReached, PushMultipartParser
from werkzeug.http import parse_options_header

from shared.errors import MalformedError, PayloadTooLargeError

# Bytes per read, and of one header line: a file name of 256 bytes fits in any encoding.
_PIECE = 64 * 1024
_MAX_HEADER_BYTES = 4 * 1024

Event: TypeAlias = "MultipartSegment | bytes | bytearray | None"


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
    """The parts in order. Raises MalformedError (also for a truncated body) or PayloadTooLargeError (huge headers)."""
    events = _events(stream, boundary)
    for event in events:
        if isinstance(event, MultipartSegment):
            yield Part(event.name, _filename(event), _pieces(events))


def _filename(segment: MultipartSegment) -> str | None:
    """The file name; `filename*` (RFC 5987), which the client sends, is not read by the parser."""
    plain: str | None = segment.filename
    if plain is not None:
        return plain
    _, options = parse_options_header(segment.header("Content-Disposition"))
    return options.get("filename")


def _pieces(events: Iterator[Event]) -> Iterator[bytes]:
    """The bytes up to the end of the current part, which the parser marks by None."""
    for event in events:
        if event is None:
            return
        if isinstance(event, bytes | bytearray):
            yield bytes(event)


def _events(stream: Stream, boundary: str) -> Iterator[Event]:
    try:
        parser = PushMultipartParser(boundary, max_header_size=_MAX_HEADER_BYTES)
        yield from parser.parse_blocking(lambda size: stream.read(size) or b"", _PIECE)
    except ParserLimitReached as error:
        raise PayloadTooLargeError(f"A part has too long or too many headers: {error}.") from error
    except MultipartError as error:
        raise MalformedError("The body is truncated or not valid multipart/form-data.") from error
