"""Responses that browsers accept, and http.client does not: interim responses, malformed headers, packed bodies."""

import gzip
import zlib

import brotli
import pytest
import zstandard

from tests.image_server import redirect, reply
from tests.pictures import photo
from tests.raw_server import sends, sends_forever, talking
from tests.worker.fetch.fetching import failure_of, fetcher

PHOTO = photo(1)
OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"Content-Length: %d\r\n" % len(PHOTO)
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nContent-Length: 9\r\n\r\n"
CHUNKED = b"%x;name=value\r\n%b\r\n0\r\nExpires: 0\r\n\r\n" % (len(PHOTO), PHOTO)


def stays_open(answer: bytes):
    """Answers every request and waits for the next: a body must end by its own length."""

    def talk(client):
        while client.recv(65536):
            client.sendall(answer)

    return talk


@pytest.mark.parametrize(
    "answer",
    [
        # Interim responses (RFC 9110, 15.2).
        HINTS + OK + LENGTH + b"\r\n" + PHOTO,
        b"HTTP/1.1 100 Continue\r\n\r\n"
        + HINTS * 2
        + b"HTTP/1.1 102 Processing\r\n\r\n"
        + OK
        + LENGTH
        + b"\r\n"
        + PHOTO,
        HINTS * 3000 + OK + LENGTH + b"\r\n" + PHOTO,
        # Malformed header lines (RFC 9112, 5.1).
        OK + b"no colon\r\n" + LENGTH + b"\r\n" + PHOTO,
        OK + b"X-Powered-By : PHP\r\n" + LENGTH + b"\r\n" + PHOTO,
        OK + b": no name\r\n" + LENGTH + b"\r\n" + PHOTO,
        OK + b"<b>: x\r\n" + LENGTH + b"\r\n" + PHOTO,
        OK + b"\xe4\xff: x\r\n\xe4\r\n" + LENGTH + b"\r\n" + PHOTO,
        OK + b" leading: space\r\n" + LENGTH + b"\r\n" + PHOTO,
        OK + b"HTTP/1.1 200 OK\r\n" + LENGTH + b"\r\n" + PHOTO,
        OK + b"X-A: b\r\n\tfolded\r\n" + LENGTH + b"\r\n" + PHOTO,
        OK + b"Content-Length :  %d\r\n\r\n" % len(PHOTO) + PHOTO,
        OK + b"Content-Length : 5\r\n" + LENGTH + b"\r\n" + PHOTO,
        OK + LENGTH * 2 + b"\r\n" + PHOTO,
        OK + b"content-length:%d\r\n\r\n" % len(PHOTO) + PHOTO,
        OK + b"X: y\r\n" * 150 + LENGTH + b"\r\n" + PHOTO,
        OK + b"Bad\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKED,
        OK + b"Transfer-Encoding : chunked\r\n\r\n" + CHUNKED,
        OK + b"Transfer-Encoding: Chunked\r\nContent-Length: 5\r\n\r\n" + CHUNKED,
        (OK + b"Bad\r\n" + LENGTH + b"\r\n").replace(b"\r\n", b"\n") + PHOTO,
        b"HTTP/1.1 200\r\n" + LENGTH + b"\r\n" + PHOTO,
        b"http/1.1  200 fine\r\n" + LENGTH + b"\r\n" + PHOTO,
        b"HTTP/1.0 200 OK\r\n" + LENGTH + b"\r\n" + PHOTO,
        # Status.
        b"HTTP/1.1 203 Non-Authoritative Information\r\n" + LENGTH + b"\r\n" + PHOTO,
        b"HTTP/1.1 206 Partial Content\r\n" + LENGTH + b"\r\n" + PHOTO,
        b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-%d/%d\r\n" % (len(PHOTO) - 1, len(PHOTO))
        + LENGTH
        + b"\r\n"
        + PHOTO,
    ],
)
def test_a_response_that_browsers_accept_is_accepted(answer):
    with talking(stays_open(answer)) as port:
        ours = fetcher(fetch_concurrency=1)
        assert [ours.fetch(f"http://127.0.0.1:{port}/{n}") for n in range(2)] == [PHOTO] * 2


def test_a_part_of_a_picture_is_refused():
    head = b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-99/1000\r\nContent-Length: 100\r\n\r\n"
    with talking(sends(head + PHOTO[:100])) as port:
        assert failure_of(f"http://127.0.0.1:{port}/a").code == "http_206"


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (sends_forever(HINTS, HINTS * 100), "timeout"),
        (sends(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), "http_101"),
        (sends(HINTS), "connection_failed"),
        (sends(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n" + PHOTO), "bad_response"),
        (sends(OK + b"X: "), "broken_response"),
        (sends(OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\n" + PHOTO), "broken_response"),
        (sends(OK + b"Transfer-Encoding: chunked\r\n\r\n0x10\r\n" + PHOTO), "broken_response"),
        (sends(OK + b"Transfer-Encoding: chunked\r\n\r\n10\r\n" + PHOTO), "broken_response"),
        (sends(b"HTTP/1.1 204 No Content\r\n\r\n"), "http_204"),
    ],
)
def test_a_response_without_an_answer_is_a_failure(talk, code):
    with talking(talk) as port:
        assert failure_of(f"http://127.0.0.1:{port}/a", fetch_timeout_seconds=2).code == code


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


CODINGS = {
    "gzip": gzip.compress,
    "X-GZIP": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "br": brotli.compress,
    "zstd": zstandard.compress,
    "gzip, br": lambda data: brotli.compress(gzip.compress(data)),
    # Two members, and padding behind them.
    "gzip,identity": lambda data: gzip.compress(data[:600]) + gzip.compress(data[600:]) + b"\0" * 5,
    # Noted, but not applied: object stores send what was noted.
    "GZIP": bytes,
    "aws-chunked": bytes,
    "utf-8": bytes,
}


@pytest.mark.parametrize("coding", CODINGS)
def test_a_packed_picture_is_unpacked(image_server, coding):
    packed = CODINGS[coding](PHOTO)
    image_server.default = lambda _: lambda request: reply(request, 200, packed, Content_Encoding=coding)
    ours = fetcher(fetch_concurrency=1)
    assert [ours.fetch(f"{image_server.url}/{n}") for n in range(2)] == [PHOTO] * 2
    assert len(image_server.connections) == 1
    assert image_server.headers["/0"]["Accept-Encoding"] == "identity"


def test_a_packed_picture_in_chunks_is_unpacked():
    packed = gzip.compress(PHOTO)
    chunks = b"".join(b"1\r\n%b\r\n" % packed[n : n + 1] for n in range(len(packed)))
    with talking(
        sends(OK + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
    ) as port:
        assert fetcher().fetch(f"http://127.0.0.1:{port}/a") == PHOTO


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, gzip", "br, gzip, zstd"])
def test_the_limit_applies_to_what_comes_out(image_server, coding):
    bomb = PHOTO + b"\0" * 50_000_000
    for part in coding.split(", "):
        bomb = CODINGS[part](bomb)
    assert len(bomb) < 200_000
    image_server.answers["/a"] = lambda request: reply(request, 200, bomb, Content_Encoding=coding)
    assert failure_of(f"{image_server.url}/a", max_image_bytes=200_000).code == "too_large"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br"])
@pytest.mark.parametrize("harm", [lambda data: data[:-20], lambda data: data[:300] + b"\xaa" * 50 + data[350:]])
def test_a_body_that_cannot_be_unpacked_is_a_failure(image_server, coding, harm):
    harmed = harm(CODINGS[coding](PHOTO))
    image_server.answers["/a"] = lambda request: reply(request, 200, harmed, Content_Encoding=coding)
    assert failure_of(f"{image_server.url}/a").code in ("broken_response", "not_an_image")


def test_twenty_redirects_are_followed(image_server):
    image_server.answers |= {f"/{n}": redirect(f"/{n + 1}") for n in range(21)} | {"/21": PHOTO}
    assert fetcher().fetch(f"{image_server.url}/1") == PHOTO
    assert failure_of(f"{image_server.url}/0").code == "too_many_redirects"
