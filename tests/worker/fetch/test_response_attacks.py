"""Hostile responses: endless, slow, oversized, malformed or smuggled. Real sockets, real servers."""

import gzip
import http.client
import socket
import time
from typing import Any

import pytest

from shared.addresses.address_policy import AddressPolicy
from shared.errors import ItemError
from shared.settings import Settings
from tests.image_server import reply
from tests.pictures import photo
from tests.raw_server import sends, sends_forever, talking
from worker.fetch.fetcher import Fetcher
from worker.fetch.host_limits import HostPolicy

PHOTO = photo(1)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"


def fetcher(**settings: Any) -> Fetcher:
    made = Settings(**{"fetch_allow": ("127.0.0.0/8",), "fetch_attempts": 1, **settings})
    return Fetcher(made, AddressPolicy(made.fetch_allow), edge=32, host_policy=HostPolicy(backoff=0.001))


def code_of(url: str, **settings: Any) -> str:
    with pytest.raises(ItemError) as failure:
        fetcher(**settings).fetch(url)
    return failure.value.code


def code_of_talk(talk, **settings: Any) -> str:
    with talking(talk) as port:
        return code_of(f"http://127.0.0.1:{port}/photo.jpg", **settings)


def sleepy(start: bytes, again: bytes):
    """Sends a little every 20 ms, forever: no single read times out."""

    def talk(client):
        client.recv(65536)
        client.sendall(start)
        while True:
            time.sleep(0.02)
            client.sendall(again)

    return talk


@pytest.mark.parametrize(
    "talk",
    [
        sleepy(b"", b""),
        sleepy(b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        sleepy(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        sleepy(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        sleepy(HEAD + b"Content-Length: 1000000\r\n\r\n" + PHOTO, b"x"),
        sleepy(HEAD + b"Content-Length: 1000000\r\n\r\n", b""),
        sleepy(HEAD + b"Transfer-Encoding: chunked\r\n\r\n400\r\n" + PHOTO[:1024], b"\r\n1\r\nx"),
        sleepy(HEAD + b"Transfer-Encoding: chunked\r\n\r\n400\r\n" + PHOTO[:1024] + b"\r\n0\r\n", b"X: y\r\n"),
        sleepy(b"HTTP/1.1 404 Not Found\r\nContent-Length: 9000\r\n\r\n", b"x"),
        sleepy(b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 9000\r\n\r\n", b"x"),
    ],
    ids=[
        "no answer",
        "slow header",
        "slow headers",
        "endless 100 Continue",
        "slow body",
        "no body",
        "slow chunks",
        "slow trailers",
        "slow error",
        "slow redirect",
    ],
)
def test_an_endlessly_slow_response_ends_at_the_deadline(talk):
    assert code_of_talk(talk, fetch_timeout_seconds=0.3) in ("timeout", "bad_response")


def test_slow_redirects_share_one_deadline(image_server):
    def slow(request):
        time.sleep(0.2)
        reply(request, 302, Location="/next")

    image_server.default = lambda _: slow
    assert code_of(f"{image_server.url}/a", fetch_timeout_seconds=0.5) == "timeout"
    assert image_server.asked.total() <= 3


def test_a_name_server_that_does_not_answer_ends_at_the_deadline(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(5))
    assert code_of("http://slow.example/a", fetch_timeout_seconds=0.2) == "timeout"


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (sends_forever(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 1000), "bad_response"),
        (sends_forever(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536), "bad_response"),
        (sends_forever(HEAD + b"\r\n" + PHOTO, b"x" * 65536), "too_large"),
        (sends_forever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n10\r\n" + PHOTO[:16], b"\r\n4\r\nxxxx"), "too_large"),
        (sends(HEAD + b"Content-Length: 99999999999\r\n\r\n"), "too_large"),
        (sends_forever(HEAD + b"\r\n<html>" + b" " * 1000, b"x" * 65536), "not_an_image"),
        (sends_forever(HEAD + b"\r\n\0\0\0\x20ftypmp42" + b"\0" * 100, b"x" * 65536), "not_an_image"),
        (sends(b"SSH-2.0-OpenSSH_9.6\r\n"), "bad_response"),
        (sends(b"HTTP/1.1 twohundred OK\r\n\r\n"), "bad_response"),
        (sends(b"\x16\x03\x01\x02\x00"), "bad_response"),
        (sends(), "connection_failed"),
        (sends(HEAD + b"Content-Length: 9000\r\n\r\n" + PHOTO[:700]), "broken_response"),
        (sends(HEAD + b"Content-Length: 600\r\n\r\n" + PHOTO[:700]), "broken_response"),
        (sends(HEAD + b"Connection: close\r\nContent-Length: 600\r\n\r\n" + PHOTO[:700]), "broken_response"),
        (sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\n400\r\n" + PHOTO[:700]), "broken_response"),
        (sends(HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + PHOTO[:700]), "broken_response"),
        (sends(HEAD + b"\r\n" + gzip.compress(b"\0" * 30_000_000)), "not_an_image"),
        (sends(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"\0" * 30_000_000)), "not_an_image"),
    ],
)
def test_responses_without_an_image_or_without_valid_http_end_early(talk, code):
    assert code_of_talk(talk, max_image_bytes=200_000, fetch_timeout_seconds=20) == code


def test_html_named_jpg_is_not_read_to_its_end(image_server):
    sent = 0

    def page(request):
        nonlocal sent
        request.send_response(200)
        request.send_header("Content-Length", str(2**30))
        request.end_headers()
        try:
            for _ in range(2**14):
                sent += request.wfile.write(b"<html>".ljust(65536))
        except OSError:
            request.close_connection = True

    image_server.answers["/photo.jpg"] = page
    with pytest.raises(ItemError, match="not an image") as failure:
        fetcher(max_image_bytes=2**31 - 1, fetch_timeout_seconds=60).fetch(f"{image_server.url}/photo.jpg")
    assert failure.value.code == "not_an_image"
    assert sent < 2**26


def test_bytes_beyond_a_body_never_become_the_next_response():
    """Response smuggling: the server appends a second response to a photo."""
    smuggled = HEAD + b"Content-Length: 4\r\n\r\nevil"

    def talk(client):
        while client.recv(65536):
            client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(PHOTO) + PHOTO + smuggled)

    with talking(talk) as port:
        ours = fetcher(fetch_concurrency=1)
        for _ in range(3):
            with pytest.raises(ItemError, match="sent more"):
                ours.fetch(f"http://127.0.0.1:{port}/a")
        # Control: a client that reads from one buffer takes the appended response for its second one.
        bodies = []
        with socket.create_connection(("127.0.0.1", port)) as raw, raw.makefile("rb") as stream:
            for _ in range(2):
                raw.sendall(b"GET /a HTTP/1.1\r\n\r\n")
                assert stream.readline().startswith(b"HTTP/1.1 200")
                bodies.append(stream.read(int(http.client.parse_headers(stream)["content-length"])))
    assert bodies == [PHOTO, b"evil"]


def test_endless_downloads_do_not_harm_others_of_the_same_host(image_server):
    def endless(request):
        request.send_response(200)
        request.send_header("Content-Length", "1000000")
        request.end_headers()
        try:
            while True:
                request.wfile.write(PHOTO)
                time.sleep(0.1)
        except OSError:
            request.close_connection = True

    image_server.answers |= {"/endless": endless, "/a": PHOTO}
    ours = fetcher(fetch_timeout_seconds=1)
    sick = [ours.submit(f"{image_server.url}/endless", lambda download: len(download.content)) for _ in range(6)]
    assert ours.fetch(f"{image_server.url}/a") == PHOTO
    assert {getattr(future.exception(), "code", None) for future in sick} == {"timeout"}
