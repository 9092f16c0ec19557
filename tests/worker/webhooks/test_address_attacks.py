"""Attacks on where webhooks are sent: private addresses, DNS rebinding, redirects, the environment.

Each has a positive control: without the guard, the same attack reaches the server.
"""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from shared.addresses.address_policy import AddressPolicy
from shared.errors import ItemError
from tests.raw_server import sends, sends_forever, talking
from tests.webhook_receiver import Receiver, receiving
from worker.fetch.connections import Dialler
from worker.fetch.proxy import proxy_at
from worker.webhooks.poster import Poster

EVERY_ADDRESS = ("0.0.0.0/0", "::/0")
LOOPBACK = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "0", "[::ffff:127.0.0.1]"]


def post(url: str, allow: tuple[str, ...], seconds: float = 5.0) -> int:
    return Poster(Dialler(AddressPolicy(allow)), seconds).post(url, b"{}", {"webhook-id": "m"}).status


def code_of(url: str, allow: tuple[str, ...] = (), seconds: float = 5.0) -> str:
    with pytest.raises(ItemError) as failure:
        post(url, allow, seconds)
    return failure.value.code


@pytest.fixture(autouse=True)
def accept_all(receiver) -> None:
    receiver.verify = lambda _: None


@pytest.fixture
def canary(receiver) -> Iterator[Receiver]:
    """A receiver at 127.0.0.2, on the same port."""
    with receiving("127.0.0.2", receiver.port) as canary:
        canary.verify = lambda _: None
        yield canary


@pytest.mark.parametrize("host", LOOPBACK)
def test_no_spelling_of_loopback_gets_a_webhook(receiver, host):
    url = f"http://{host}:{receiver.port}/hook"
    assert code_of(url) == "blocked_address"
    assert not receiver.requests
    # Control: without the guard it is reached.
    assert post(url, EVERY_ADDRESS) == 204
    assert len(receiver.requests) == 1


@pytest.fixture
def rebinding(monkeypatch) -> list[str]:
    """The name has an allowed address at the first look-up and loopback from then on. Returns the addresses given."""
    given: list[str] = []

    def getaddrinfo(host: str, port: Any, *_: object, **__: object) -> list[Any]:
        given.append("192.0.0.9" if not given else "127.0.0.1")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (given[-1], int(port)))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return given


def test_a_name_that_is_bound_to_loopback_later_gets_no_webhook(receiver, rebinding):
    """The first look-up stands for the check at submission."""
    url = f"http://rebinding.example:{receiver.port}/hook"
    ((*_, (first, _)),) = socket.getaddrinfo("rebinding.example", receiver.port)
    assert AddressPolicy(("192.0.0.9/32",)).allows(first, receiver.port)
    assert code_of(url, ("192.0.0.9/32",)) == "blocked_address"
    assert rebinding == ["192.0.0.9", "127.0.0.1"]
    assert not receiver.requests
    # Control: a sender that trusts the first check reaches it.
    assert post(url, EVERY_ADDRESS) == 204
    assert len(receiver.requests) == 1


def test_a_redirect_to_a_forbidden_address_is_not_followed(receiver, canary):
    receiver.statuses = [307]
    receiver.headers = {"Location": f"http://127.0.0.2:{receiver.port}/hook"}
    assert post(receiver.url, (f"127.0.0.1:{receiver.port}",)) == 307
    assert not canary.requests
    # Control: the canary listens.
    assert post(receiver.headers["Location"], EVERY_ADDRESS) == 204
    assert len(canary.requests) == 1


def test_no_proxy_of_the_environment_is_used(receiver, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{receiver.port}")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert code_of("http://10.0.0.1/hook") == "blocked_address"
    assert not receiver.requests
    # Control: requests takes the proxy of this environment.
    requests.post("http://10.0.0.1/hook", data=b"{}", timeout=10)
    assert len(receiver.requests) == 1


def test_a_proxy_gets_the_whole_url_and_no_private_address(receiver):
    proxy = proxy_at(f"http://me:secret@127.0.0.1:{receiver.port}")
    poster = Poster(Dialler(AddressPolicy(()), proxy))
    assert poster.post("http://hooks.example:8080/a?b", b"{}", {"webhook-id": "m"}).status == 204
    (request,) = receiver.requests
    assert (request.path, request.headers["host"]) == ("http://hooks.example:8080/a?b", "hooks.example:8080")
    assert request.headers["proxy-authorization"].startswith("Basic ")
    for host in ("127.0.0.1", "2130706433", "[::1]", "localhost"):
        with pytest.raises(ItemError, match="LICHTBILD_FETCH_ALLOW"):
            poster.post(f"http://{host}:{receiver.port}/", b"{}", {})
    assert len(receiver.requests) == 1


@pytest.mark.parametrize(
    ("talk", "code"),
    [
        (sends(b"SSH-2.0-x\r\n"), "bad_response"),
        (sends(), "bad_response"),
        (sends_forever(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"), "timeout"),
        (sends_forever(b"HTTP/1.1 204 No Content\r\n", b"X: y\r\n"), "bad_response"),
    ],
    ids=["another protocol", "nothing", "endless 100", "endless header"],
)
def test_an_answer_that_is_none_ends_the_attempt(talk, code):
    with talking(talk) as port:
        assert code_of(f"http://127.0.0.1:{port}/", EVERY_ADDRESS, seconds=1.0) in (code, "connection_failed")


def test_an_endless_body_is_not_read():
    with talking(sends_forever(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000)) as port:
        assert post(f"http://127.0.0.1:{port}/", EVERY_ADDRESS) == 200


def test_a_receiver_that_accepts_and_stays_silent_ends_at_the_deadline():
    with talking(lambda client: client.recv(1) and client.recv(1_000_000) and client.recv(1)) as port:
        assert code_of(f"http://127.0.0.1:{port}/", EVERY_ADDRESS, seconds=0.5) == "timeout"
