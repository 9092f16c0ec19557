"""The fetcher against a real server that misbehaves."""

import socket
import time
from typing import Any

import pytest

from shared.addresses.address_policy import AddressPolicy
from shared.errors import ItemError, UnavailableError
from shared.settings import Settings
from tests.image_server import redirect, reply
from tests.pictures import photo
from worker.fetch.fetcher import Fetcher
from worker.fetch.host_limits import HostPolicy

QUICK = HostPolicy(backoff=0.001)


def fetcher(policy: HostPolicy = QUICK, **settings: Any) -> Fetcher:
    made = Settings(**{"fetch_allow": ("127.0.0.0/8",), **settings})
    return Fetcher(made, AddressPolicy(made.fetch_allow), edge=32, host_policy=policy)


def code_of(url: str, **settings: Any) -> str:
    with pytest.raises(ItemError) as failure:
        fetcher(**settings).fetch(url)
    return failure.value.code


def test_an_image_is_downloaded_completely(image_server):
    image_server.answers["/a.jpg"] = photo(1)
    assert fetcher().fetch(f"{image_server.url}/a.jpg") == photo(1)


def test_a_url_copied_from_html_is_asked_for_with_its_ampersands_once_it_is_not_found(image_server):
    image_server.answers["/a?w=1&h=2"] = photo(1)
    assert fetcher(fetch_attempts=1).fetch(f"{image_server.url}/a?w=1&amp;h=2") == photo(1)
    assert image_server.asked == {"/a?w=1&amp;h=2": 1, "/a?w=1&h=2": 1}


def test_a_url_whose_entity_is_meant_is_asked_for_as_it_is(image_server):
    image_server.answers["/a?sig=1&amp;h=2"] = photo(1)
    assert fetcher().fetch(f"{image_server.url}/a?sig=1&amp;h=2") == photo(1)
    assert sum(image_server.asked.values()) == 1


@pytest.mark.parametrize(("status", "requests"), [(404, 2), (403, 1), (410, 1)])
def test_a_url_that_is_not_found_in_either_form_fails_after_two_requests(image_server, status, requests):
    image_server.default = lambda _: status
    assert code_of(f"{image_server.url}/a?w=1&amp;amp;h=2") == f"http_{status}"
    assert sum(image_server.asked.values()) == requests


def test_a_connection_is_reused_for_the_next_image(image_server):
    image_server.answers |= {f"/{n}": photo(n) for n in range(20)} | {"/gone": 404, "/moved": redirect("/3")}
    ours = fetcher(fetch_concurrency=1)
    assert [ours.fetch(f"{image_server.url}/{n}") for n in range(20)] == [photo(n) for n in range(20)]
    with pytest.raises(ItemError):
        ours.fetch(f"{image_server.url}/gone")
    assert ours.fetch(f"{image_server.url}/moved") == photo(3)
    assert len(image_server.connections) == 1


def test_a_connection_that_the_server_closed_while_idle_is_no_failure(image_server):
    def once(request):
        reply(request, 200, photo(1))
        # Without a word beforehand: the next request finds out.
        request.close_connection = True

    image_server.answers["/a"] = once
    ours = fetcher(fetch_attempts=1, fetch_concurrency=1)
    assert [ours.fetch(f"{image_server.url}/a") for _ in range(30)] == [photo(1)] * 30


@pytest.mark.parametrize(("status", "tries"), [(404, 1), (403, 1), (410, 1), (429, 3), (500, 3), (503, 3)])
def test_only_temporary_failures_are_retried(image_server, status, tries):
    image_server.answers["/x"] = status
    assert code_of(f"{image_server.url}/x") == f"http_{status}"
    assert image_server.asked["/x"] == tries


def test_a_retry_that_succeeds_is_no_failure(image_server):
    answers = iter([503, 500, photo(2)])

    def answer(request):
        value = next(answers)
        reply(request, *((value,) if isinstance(value, int) else (200, value)))

    image_server.answers["/x"] = answer
    assert fetcher().fetch(f"{image_server.url}/x") == photo(2)


def busy(retry_after: str, status: int = 429):
    """Refuses once with Retry-After, then answers."""
    refusals = iter([status])

    def answer(request):
        if refused := next(refusals, None):
            reply(request, refused, Retry_After=retry_after)
        else:
            reply(request, 200, photo(2))

    return answer


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(image_server, status):
    image_server.answers["/x"] = busy("1", status)
    started = time.monotonic()
    assert fetcher().fetch(f"{image_server.url}/x") == photo(2)
    assert time.monotonic() - started >= 1


@pytest.mark.parametrize("past", ["Wed, 21 Oct 2015 07:28:00 GMT", "-5", "soon", "", "nan", "Wed, 21 Oct 99999"])
def test_an_invalid_retry_after_is_ignored(image_server, past):
    image_server.answers["/x"] = busy(past)
    assert fetcher().fetch(f"{image_server.url}/x") == photo(2)


@pytest.mark.parametrize("long", ["86400", "1e999", "Wed, 21 Oct 2099 07:28:00 GMT"])
def test_a_pause_beyond_the_deadline_is_not_started(image_server, long):
    image_server.answers["/x"] = busy(long)
    assert code_of(f"{image_server.url}/x", fetch_timeout_seconds=5) == "http_429"
    assert image_server.asked["/x"] == 1


def test_a_limited_number_of_redirects_is_followed(image_server):
    image_server.answers |= {"/a": redirect("/b"), "/b": redirect(f"{image_server.url}/c"), "/c": photo(3)}
    assert fetcher().fetch(f"{image_server.url}/a") == photo(3)
    image_server.answers["/loop"] = redirect("/loop")
    assert code_of(f"{image_server.url}/loop") == "too_many_redirects"


def test_loopback_is_blocked_unless_allowed(image_server):
    image_server.answers["/a"] = photo(1)
    assert code_of(f"{image_server.url}/a", fetch_allow=()) == "blocked_address"
    assert image_server.asked["/a"] == 0
    allowed = fetcher(fetch_allow=(f"127.0.0.1:{image_server.port}",))
    assert allowed.fetch(f"{image_server.url}/a") == photo(1)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0", "[::1]", "[::ffff:127.0.0.1]"],
)
def test_no_spelling_of_loopback_gets_through(image_server, host):
    assert code_of(f"http://{host}:{image_server.port}/a", fetch_allow=()) == "blocked_address"
    assert not image_server.asked


def test_a_redirect_to_a_private_address_is_blocked(image_server):
    other = f"http://127.0.0.2:{image_server.port}/secret"
    image_server.answers |= {"/a": redirect(other), "/secret": photo(1)}
    assert code_of(f"{image_server.url}/a", fetch_allow=(f"127.0.0.1:{image_server.port}",)) == "blocked_address"
    assert image_server.asked["/secret"] == 0


@pytest.mark.parametrize("to", ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://example.org/x", "http://u:p@host/"])
def test_a_redirect_to_anything_but_plain_http_is_refused(image_server, to):
    image_server.answers["/a"] = redirect(to)
    assert code_of(f"{image_server.url}/a") == "bad_url"


def test_a_name_with_one_private_answer_is_refused_and_the_checked_address_is_the_one_dialled(
    image_server, monkeypatch
):
    def answers(*addresses: str):
        port = image_server.port
        return lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses]

    image_server.answers["/a"] = photo(1)
    url = f"http://photos.example:{image_server.port}/a"
    monkeypatch.setattr(socket, "getaddrinfo", answers("93.184.216.34", "127.0.0.1"))
    assert code_of(url, fetch_allow=()) == "blocked_address"

    # A second look-up would answer otherwise: there must be none between the check and the connection.
    lookups = iter([answers("127.0.0.1")])
    monkeypatch.setattr(socket, "getaddrinfo", next(lookups))
    assert fetcher().fetch(url) == photo(1)
    assert image_server.headers["/a"]["Host"] == f"photos.example:{image_server.port}"


def test_the_environments_proxy_is_not_used(image_server, monkeypatch):
    monkeypatch.setenv("http_proxy", image_server.url)
    assert code_of("http://10.0.0.1/x", fetch_allow=()) == "blocked_address"
    assert not image_server.asked


def test_nothing_is_read_beyond_the_limit(image_server):
    def endless(request):
        request.send_response(200)
        request.send_header("Connection", "close")
        request.end_headers()
        try:
            request.wfile.write(photo(1))
            while True:
                request.wfile.write(b"x" * 65536)
        except OSError:
            request.close_connection = True

    image_server.answers |= {"/said": photo(1) + b"x" * 3000, "/endless": endless}
    assert code_of(f"{image_server.url}/said", max_image_bytes=2048) == "too_large"
    assert code_of(f"{image_server.url}/endless", max_image_bytes=100_000) == "too_large"


def test_a_slow_body_ends_at_the_deadline(image_server):
    def drip(request):
        request.send_response(200)
        request.send_header("Content-Length", "1000000")
        request.end_headers()
        try:
            request.wfile.write(photo(1))
            while True:
                request.wfile.write(b"x")
        except OSError:
            request.close_connection = True

    image_server.answers["/drip"] = drip
    assert code_of(f"{image_server.url}/drip", fetch_timeout_seconds=0.05, fetch_attempts=1) == "timeout"


def test_a_body_shorter_than_announced_is_a_failure(image_server):
    def cut(request):
        request.send_response(200)
        request.send_header("Content-Length", "1000")
        request.end_headers()
        request.wfile.write(photo(1)[:500])
        request.close_connection = True

    image_server.answers["/cut"] = cut
    assert code_of(f"{image_server.url}/cut") == "broken_response"
    assert image_server.asked["/cut"] == 3


def test_a_closed_fetcher_begins_no_download(image_server):
    image_server.answers["/a"] = photo(1)
    closed = fetcher()
    closed.close()
    with pytest.raises(UnavailableError):
        closed.fetch(f"{image_server.url}/a")
    assert not image_server.asked


def test_a_refused_connection_is_a_failure():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        assert code_of(f"http://127.0.0.1:{taken.getsockname()[1]}/") == "connection_failed"


def test_a_name_that_does_not_resolve(monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror("no such name")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert code_of("http://nowhere.invalid/") == "dns_failed"
