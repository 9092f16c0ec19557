"""Parses a request of ClickHouse's HTTP protocol into SQL, parameters, settings and data."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import lz4.frame
import zstandard
from flask import Request

from embedded.catalogue_server.errors import Code, refusal

# Arguments of the protocol; every other argument of the URL is a setting of this statement. `session_id` is accepted
# but ignored: no temporary table and no SET outlives its request.
_PROTOCOL_ARGUMENTS = """
    query database default_format query_id session_id session_timeout session_check close_session quota_key role user
    password compress decompress wait_end_of_query buffer_size client_protocol_version stacktrace
"""
# Settings of a ClickHouse server's response; this server neither compresses nor sends progress.
_ANSWER_SETTINGS = """
    enable_http_compression http_zlib_compression_level send_progress_in_http_headers
    http_headers_progress_interval_ms cancel_http_readonly_queries_on_client_close
"""
_NOT_FOR_THE_ENGINE = frozenset((_PROTOCOL_ARGUMENTS + _ANSWER_SETTINGS).split())
# Small, since a chunk of gzip can expand a thousandfold.
_CHUNK = 64 << 10


@dataclass(frozen=True)
class CatalogueRequest:
    """One statement. `body` yields its bytes, decompressed, the URL's `query` first."""

    body: Iterator[bytes] = field(repr=False)
    parameters: dict[str, str] = field(repr=False)
    settings: dict[str, str]
    database: str | None
    default_format: str
    query_id: str
    read_only: bool


def parse(request: Request) -> CatalogueRequest:
    """Parse the request without reading the data of an INSERT. Raises CatalogueError."""
    arguments = dict(request.args.items())
    form = _form(request)
    if _asks_for(arguments, "compress") or _asks_for(arguments, "decompress"):
        raise refusal(Code.NOT_IMPLEMENTED, "ClickHouse's own block compression is not supported: use Content-Encoding")
    parameters = {name: value for name, value in {**arguments, **form}.items() if name.startswith("param_")}
    settings = {name: value for name, value in arguments.items() if name not in _NOT_FOR_THE_ENGINE | parameters.keys()}
    return CatalogueRequest(
        body=_body(request, arguments.get("query", ""), form),
        parameters={name.removeprefix("param_"): value for name, value in parameters.items()},
        settings=settings,
        database=arguments.get("database") or request.headers.get("X-ClickHouse-Database"),
        default_format=_plain(arguments.get("default_format") or request.headers.get("X-ClickHouse-Format", ""))
        or "TabSeparated",
        query_id=_plain(arguments.get("query_id", "")) or str(uuid.uuid4()),
        read_only=request.method != "POST",
    )


def _asks_for(arguments: Mapping[str, str], switch: str) -> bool:
    return arguments.get(switch, "0") not in {"0", "false", ""}


def _plain(text: str) -> str:
    """Check text that is sent back in a header."""
    if not text.isascii() or not text.isprintable():
        raise refusal(Code.BAD_ARGUMENTS, "Formats and query ids are printable ASCII")
    return text


def _form(request: Request) -> dict[str, str]:
    """The multipart fields, which carry large parameters. curl labels any body urlencoded, so that type is no form."""
    if request.mimetype != "multipart/form-data":
        return {}
    if request.files:
        raise refusal(Code.NOT_IMPLEMENTED, "External data tables are not supported by the embedded catalogue")
    return {name: value for name, value in request.form.items() if name == "query" or name.startswith("param_")}


def _body(request: Request, query: str, form: dict[str, str]) -> Iterator[bytes]:
    """The URL's query, a line end, then the form's query or the body; joined as ClickHouse's server does."""
    yield from (part.encode() + b"\n" for part in (query, form.get("query", "")) if part)
    if request.mimetype == "multipart/form-data":
        return
    raw = iter(lambda: request.stream.read(_CHUNK), b"")
    yield from _decompressed(raw, request.headers.get("Content-Encoding", "").strip().lower())


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def _decompressed(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    if encoding in {"", "identity"}:
        yield from chunks
        return
    decompressor = _decompressor(encoding)
    try:
        for chunk in chunks:
            yield decompressor.decompress(chunk)
    except (zlib.error, zstandard.ZstdError, RuntimeError, EOFError) as error:
        raise refusal(Code.INCORRECT_DATA, f"The body is not valid {encoding}") from error
    if not decompressor.eof:
        raise refusal(Code.INCORRECT_DATA, f"The {encoding} body is truncated")


def _decompressor(encoding: str) -> _Decompressor:
    makers: dict[str, Callable[[], _Decompressor]] = {
        "gzip": lambda: zlib.decompressobj(wbits=31),
        "deflate": zlib.decompressobj,
        "lz4": lz4.frame.LZ4FrameDecompressor,
        "zstd": lambda: zstandard.ZstdDecompressor().decompressobj(),
    }
    if encoding not in makers:
        raise refusal(
            Code.NOT_IMPLEMENTED, f"Content-Encoding {encoding[:20]!r} is not supported; use gzip, lz4 or zstd"
        )
    return makers[encoding]()
