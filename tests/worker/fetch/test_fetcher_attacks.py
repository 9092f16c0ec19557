"""The fetcher against servers, names and URLs that mean harm. Real sockets, real servers."""

import gzip
import socket
import time
from typing import Any

import pytest

from shared.errors import ItemError
from shared.settings import Settings
from tests.image_server import redirect, reply
from tests.pictures import photo
from tests.raw_server import says, says_for_ever, talking
from worker.fetch.address_policy import AddressPolicy
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


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
        "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",  # circled digits
        "\uff11\uff12\uff17.\uff10.\uff10.\uff11",  # wide digits
        "127\u30020\u30020\u30021",  # ideographic full stops
        "%6c%6f%63%61%6c%68%6f%73%74",
    ],
)
def test_no_spelling_of_loopback_gets_through(image_server, host):
    image_server.answers["/a"] = PHOTO
    # A spelling that no resolver takes is as good.
    assert code_of(f"http://{host}:{image_server.port}/a", fetch_allow=()) in (
        "blocked_address",
        "dns_failed",
        "bad_url",
    )
    assert not image_server.asked


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "http://100.100.100.200/latest/meta-data/",
        "http://168.63.129.16/machine?comp=goalstate",
        "http://2852039166/latest/meta-data/",
        "http://[::ffff:169.254.169.254]/",
        "http://[64:ff9b::a9fe:a9fe]/",
    ],
)
def test_no_clouds_metadata_are_read(url):
    assert code_of(url, fetch_allow=()) == "blocked_address"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_FLUSHALL",
        "ftp://example.org/a.jpg",
        "dict://127.0.0.1:6379/info",
        "data:image/png;base64,AAAA",
        "//127.0.0.1/a",
        "http:///a",
        "http://user:secret@127.0.0.1/a",
        "http://example.org@127.0.0.1/a",
        "http://example.org:80@127.0.0.1/a",
        "http://example.org\\@127.0.0.1/a",
        "http://127.0.0.1:99999/a",
        "http://a b/c",
        "http://a\r\nHost: b/c",
    ],
)
def test_urls_of_other_kinds_go_nowhere(image_server, url):
    assert code_of(url) == "bad_url"


@pytest.mark.parametrize(
    "to", ["file:///etc/passwd", "gopher://127.0.0.1/_", "ftp://a/b", "http://a@127.0.0.1/", "data:,"]
)
def test_redirects_to_urls_of_other_kinds_go_nowhere(image_server, to):
    image_server.answers["/a"] = redirect(to)
    assert code_of(f"{image_server.url}/a") == "bad_url"


@pytest.mark.parametrize("to", ["http://127.0.0.2:{port}/b", "//127.0.0.2:{port}/b", "http://2130706434:{port}/b"])
def test_no_redirect_leads_to_what_is_not_allowed(image_server, to):
    image_server.answers |= {"/a": redirect(to.format(port=image_server.port)), "/b": PHOTO}
    assert code_of(f"{image_server.url}/a", fetch_allow=(f"127.0.0.1:{image_server.port}",)) == "blocked_address"
    assert image_server.asked["/b"] == 0


def test_redirects_in_a_circle_end(image_server):
    image_server.answers |= {"/a": redirect("/b"), "/b": redirect("/a")}
    assert code_of(f"{image_server.url}/a", fetch_attempts=3) == "too_many_redirects"
    assert image_server.asked.total() == 6


def test_a_name_that_turns_private_after_the_check_is_looked_up_no_second_time(image_server, monkeypatch):
    """DNS rebinding: the first answer is public, the second, if anybody asks again, is loopback."""
    image_server.answers["/a"] = PHOTO
    asked = []

    def rebinding(host, port, *_, **__):
        asked.append(host)
        address = "192.0.0.9" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    dialled = []

    class Watched(socket.socket):
        def connect(self, address):
            dialled.append(address[0])
            raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    monkeypatch.setattr("worker.fetch.connections._PlainSocket", Watched)
    allowed = ("192.0.0.9/32",)
    assert code_of(f"http://rebinding.example:{image_server.port}/a", fetch_allow=allowed) == "connection_failed"
    assert (asked, dialled) == (["rebinding.example"], ["192.0.0.9"])
    # The next try asks anew, and what it is told is checked anew.
    assert code_of(f"http://rebinding.example:{image_server.port}/a", fetch_allow=()) == "blocked_address"
    assert not image_server.asked


def test_the_environment_opens_no_way_round(image_server, monkeypatch, tmp_path):
    """Neither a proxy nor credentials of ~/.netrc."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, image_server.url)
    (tmp_path / ".netrc").write_text("default login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert code_of("http://10.0.0.1/x", fetch_allow=()) == "blocked_address"
    assert not image_server.asked
    image_server.answers["/a"] = PHOTO
    assert fetcher().fetch(f"{image_server.url}/a") == PHOTO
    assert "Authorization" not in image_server.headers["/a"]


def test_a_cookie_of_one_answer_is_not_sent_with_the_next_request(image_server):
    image_server.answers["/a"] = lambda request: reply(request, 200, PHOTO, Set_Cookie="who=you; Path=/")
    ours = fetcher()
    ours.fetch(f"{image_server.url}/a")
    ours.fetch(f"{image_server.url}/a")
    assert "Cookie" not in image_server.headers["/a"]


def sleepy(start: bytes, again: bytes):
    """Sends a little ever so often: each read succeeds, and the whole takes for ever."""

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
        "continue for ever",
        "slow body",
        "no body",
        "slow chunks",
        "slow trailers",
        "slow error",
        "slow redirect",
    ],
)
def test_what_is_endlessly_slow_ends_at_the_deadline(talk):
    assert code_of_talk(talk, fetch_timeout_seconds=0.3) in ("timeout", "bad_response")


def test_redirects_that_take_their_time_share_one_deadline(image_server):
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
        (says_for_ever(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 1000), "bad_response"),
        (says_for_ever(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536), "bad_response"),
        (says_for_ever(HEAD + b"\r\n" + PHOTO, b"x" * 65536), "too_large"),
        (says_for_ever(HEAD + b"Transfer-Encoding: chunked\r\n\r\n10\r\n" + PHOTO[:16], b"\r\n4\r\nxxxx"), "too_large"),
        (says(HEAD + b"Content-Length: 99999999999\r\n\r\n"), "too_large"),
        (says_for_ever(HEAD + b"\r\n<html>" + b" " * 1000, b"x" * 65536), "not_an_image"),
        (says_for_ever(HEAD + b"\r\n\0\0\0\x20ftypmp42" + b"\0" * 100, b"x" * 65536), "not_an_image"),
        (says(b"SSH-2.0-OpenSSH_9.6\r\n"), "bad_response"),
        (says(b"HTTP/1.1 twohundred OK\r\n\r\n"), "bad_response"),
        (says(b"\x16\x03\x01\x02\x00"), "bad_response"),
        (says(), "connection_failed"),
        (says(HEAD + b"Content-Length: 9000\r\n\r\n" + PHOTO[:700]), "broken_response"),
        (says(HEAD + b"Content-Length: 600\r\n\r\n" + PHOTO[:700]), "broken_response"),
        (says(HEAD + b"Connection: close\r\nContent-Length: 600\r\n\r\n" + PHOTO[:700]), "broken_response"),
        (says(HEAD + b"Transfer-Encoding: chunked\r\n\r\n400\r\n" + PHOTO[:700]), "broken_response"),
        (says(HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n" + PHOTO[:700]), "broken_response"),
        (says(HEAD + b"\r\n" + gzip.compress(b"\0" * 30_000_000)), "not_an_image"),
        (says(HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"\0" * 30_000_000)), "not_an_image"),
    ],
)
def test_what_is_no_image_or_no_http_is_given_up_at_once(talk, code):
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


def test_bytes_beyond_a_body_never_become_the_next_answer():
    """The server appends an answer of its own to a photo, to have it taken for that to the next request."""
    smuggled = HEAD + b"Content-Length: 4\r\n\r\nevil"

    def talk(client):
        while client.recv(65536):
            client.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(PHOTO) + PHOTO + smuggled)

    with talking(talk) as port:
        ours = fetcher(fetch_concurrency=1)
        for _ in range(3):
            with pytest.raises(ItemError, match="sent more"):
                ours.fetch(f"http://127.0.0.1:{port}/a")


def test_a_neighbour_on_the_same_host_is_not_harmed_by_an_endless_one(image_server):
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
