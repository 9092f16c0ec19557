"""The lines of a list: encodings, byte order marks, line ends. A line is never longer in memory than the limit."""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from shared.errors import MalformedError, UnsupportedTypeError

MAX_LINE_BYTES = 1024 * 1024
# A read returns when its buffer is full, so a small size detects a slow client's invalid line early.
_PIECE = 8 * 1024
# The first line break decides what ends a line; it is looked for in this many bytes.
_HEAD_BYTES = 64 * 1024
# UTF-32's mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHER_FILES = (
    (b"\x1f\x8b", "gzip data: send it with `Content-Encoding: gzip`"),
    (b"PK\x03\x04", "a zip or an Excel workbook: save the sheet as `CSV UTF-8` and send that"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook: save the sheet as `CSV UTF-8` and send that"),
    (b"PAR1", "parquet: send it with the command `lichtbild ingest`, which reads it, or convert it to CSV or NDJSON"),
    (b"SQLite format 3", "an SQLite database: export the table as CSV"),
)
_WEB_PAGE = re.compile(rb"\s*<(!doctype|html|\?xml)", re.IGNORECASE)
# Excel of old Macs ends lines with CR alone.
_LINE_BREAK = re.compile(rb"\r\n|\n|\r(?=[^\n])")

_ENCODING_HINT = (
    "If the list is from Excel, save it as `CSV UTF-8`; otherwise name its encoding, for example "
    "`Content-Type: text/csv; charset=windows-1252` (command: --encoding windows-1252)."
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end; `problem` is why its text cannot be used, `is_syntax` whether it is no text at all."""

    number: int
    text: str
    problem: str = ""
    hint: str = ""
    is_syntax: bool = False


def read_lines(stream: io.BufferedReader, charset: str | None) -> Iterator[Line]:
    """The lines of a list, from 1. A line that cannot be decoded or is too long has a `problem`.

    Raises MalformedError if the body is another kind of file, UnsupportedTypeError for an unknown charset.
    """
    head = _read_head(stream)
    _check_kind(head)
    encoding = _encoding(head, charset)
    pieces = _pieces(head, stream)
    if encoding != "utf-8":
        pieces = _as_utf8(pieces, encoding)
    return _lines(pieces)


def check_charset(charset: str) -> str:
    """The codec's name. Raises UnsupportedTypeError if it is no text encoding."""
    try:
        codec = codecs.lookup(charset)
        "".encode(charset)
    except (LookupError, ValueError, TypeError):
        raise UnsupportedTypeError(f"The charset {charset!r} is unknown; send UTF-8.") from None
    return codec.name


def _read_head(stream: io.BufferedReader) -> bytes:
    """The beginning, up to and including the first line break that can be recognised."""
    head = b""
    while len(head) < _HEAD_BYTES and not _LINE_BREAK.search(head):
        piece = stream.read1(_PIECE)
        if not piece:
            break
        head += piece
    return head


def _check_kind(head: bytes) -> None:
    for magic, name in _OTHER_FILES:
        if head.startswith(magic):
            raise MalformedError(f"The body is not text but {name}.")
    if _WEB_PAGE.match(head):
        raise MalformedError("The body is a web page or XML, not a list: check where it was downloaded.")


def _encoding(head: bytes, charset: str | None) -> str:
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    # Text in UTF-16 without a mark: every other byte of ASCII characters is 0.
    if charset is None and len(head) > 1 and 0 in head[:2]:
        return "utf-16-le" if head[1] == 0 else "utf-16-be"
    return check_charset(charset) if charset else "utf-8"


def _pieces(head: bytes, stream: io.BufferedReader) -> Iterator[bytes]:
    yield head
    while piece := stream.read1(_PIECE):
        yield piece


def _as_utf8(pieces: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in pieces:
            yield decoder.decode(piece).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeError as error:
        raise MalformedError(f"The list is not valid {encoding}.") from error


def _lines(pieces: Iterator[bytes]) -> Iterator[Line]:
    head = next(pieces, b"").removeprefix(codecs.BOM_UTF8)
    first = _LINE_BREAK.search(head)
    end = b"\r" if first and first[0] == b"\r" else b"\n"
    number, rest, is_skipping = 0, b"", False
    for piece in chain((head,), pieces):
        *complete, rest = (rest + piece).split(end)
        for line in complete:
            number += 1
            if not is_skipping:
                yield _line(number, line)
            is_skipping = False
        if len(rest) > MAX_LINE_BYTES:
            if not is_skipping:
                yield _line(number + 1, rest)
            rest, is_skipping = b"", True
    if rest and not is_skipping:
        yield _line(number + 1, rest)


def _line(number: int, content: bytes) -> Line:
    if len(content) > MAX_LINE_BYTES:
        return Line(number, "", f"is longer than {MAX_LINE_BYTES} bytes")
    try:
        return Line(number, content.decode().removesuffix("\r"))
    except UnicodeDecodeError:
        return Line(number, "", "is not UTF-8", _ENCODING_HINT, is_syntax=True)
