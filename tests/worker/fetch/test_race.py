"""A name with several addresses, some of which do not answer (RFC 8305)."""

import socket

import pytest

from tests.image_server import reply
from tests.pictures import photo
from tests.worker.fetch.fetching import failure_of, fetcher
from worker.fetch.race import ordered

PHOTO = photo(1)


def answers(port: int, *addresses: str):
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


@pytest.fixture
def dialled(monkeypatch) -> list[str]:
    seen: list[str] = []

    class Recorded(socket.socket):
        def connect(self, address):
            seen.append(address[0])
            super().connect(address)

    monkeypatch.setattr("worker.fetch.connections._PlainSocket", Recorded)
    return seen


@pytest.fixture
def silent(image_server):
    """127.0.0.2 answers nothing: its queue of connections is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.2", image_server.port))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for sock in waiting:
            sock.setblocking(False)
            sock.connect_ex(("127.0.0.2", image_server.port))
        yield "127.0.0.2"
        for sock in waiting:
            sock.close()


def close(request):
    reply(request, 200, PHOTO, Connection="close")


def test_the_next_address_is_tried_soon_and_the_one_that_worked_comes_first_then(
    image_server, silent, dialled, monkeypatch
):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers(image_server.port, silent, "127.0.0.1"))
    image_server.answers["/a"] = close
    # The first address would take all of the time that both have.
    ours = fetcher(fetch_timeout_seconds=4)
    for _ in range(3):
        assert ours.fetch(f"http://two.example:{image_server.port}/a") == PHOTO
    assert dialled == [silent, "127.0.0.1", "127.0.0.1", "127.0.0.1"]


def test_an_address_that_refuses_is_followed_by_the_next(image_server, dialled, monkeypatch):
    found = answers(image_server.port, "127.0.0.3", "127.0.0.4", "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    image_server.answers["/a"] = close
    assert fetcher().fetch(f"http://three.example:{image_server.port}/a") == PHOTO
    assert dialled == ["127.0.0.3", "127.0.0.4", "127.0.0.1"]


def test_an_address_of_a_family_that_the_machine_lacks_is_followed_by_the_next(image_server, monkeypatch):
    class WithoutIpv6(socket.socket):
        def __init__(self, family, *args):
            if family == socket.AF_INET6:
                raise OSError("Address family not supported by protocol")
            super().__init__(family, *args)

    monkeypatch.setattr("worker.fetch.connections._PlainSocket", WithoutIpv6)
    v6 = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", image_server.port, 0, 0))
    found = [v6, *answers(image_server.port, "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    image_server.answers["/a"] = PHOTO
    assert fetcher(fetch_allow=("127.0.0.0/8", "::1/128")).fetch(f"http://both.example:{image_server.port}/a") == PHOTO


def test_addresses_that_all_fail_are_a_failure(image_server, silent, monkeypatch):
    url = f"http://none.example:{image_server.port}/a"
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers(image_server.port, "127.0.0.3", "127.0.0.4"))
    assert failure_of(url).code == "connection_failed"
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers(image_server.port, silent))
    assert failure_of(url, fetch_timeout_seconds=0.5).code == "timeout"


def test_the_families_take_turns_and_the_one_that_worked_is_first():
    v6, v4 = [(socket.AF_INET6, 1, 6, "", (f"::{n}", 1)) for n in (1, 2, 3)], answers(1, "1.1.1.1", "1.1.1.2")
    assert [a[4][0] for a in ordered([*v6, *v4], None)] == ["::1", "1.1.1.1", "::2", "1.1.1.2", "::3"]
    assert [a[4][0] for a in ordered([*v6, *v4], ("1.1.1.2", 1))] == ["1.1.1.2", "::1", "1.1.1.1", "::2", "::3"]
