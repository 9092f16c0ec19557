"""Attacks on where the fetcher connects: spellings of private addresses, redirects, DNS rebinding, the environment.

Each has a positive control: without the guard, the same attack reaches the server.
"""

import http.client
import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from shared.addresses.address_policy import AddressPolicy
from shared.errors import ItemError
from shared.settings import Settings
from tests.image_server import redirect, reply, serving
from tests.pictures import photo
from worker.fetch.fetcher import Fetcher
from worker.fetch.host_limits import HostPolicy

PHOTO = photo(1)
EVERY_ADDRESS = ("0.0.0.0/0", "::/0")
IPV4_LOOPBACK = [
    "127.0.0.1",
    "localhost",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "0",
    "0.0.0.0",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
]
IPV6_LOOPBACK = [
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[::127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[2002:7f00:1::]",
]
# Browsers and some resolvers accept these; here they fail before a connection, with or without the guard.
UNRESOLVED = [
    "LOCALHOST.",
    "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460",  # circled digits
    "\uff11\uff12\uff17.\uff10.\uff10.\uff11",  # full-width digits
    "127\u30020\u30020\u30021",  # ideographic full stops
    "%6c%6f%63%61%6c%68%6f%73%74",
]
METADATA = {
    "http://169.254.169.254/latest/meta-data/": "169.254.169.254",
    "http://[fd00:ec2::254]/latest/meta-data/": "fd00:ec2::254",
    "http://100.100.100.200/latest/meta-data/": "100.100.100.200",
    "http://168.63.129.16/machine?comp=goalstate": "168.63.129.16",
    "http://2852039166/latest/meta-data/": "169.254.169.254",
    "http://[::ffff:169.254.169.254]/": "::ffff:169.254.169.254",
    "http://[64:ff9b::a9fe:a9fe]/": "64:ff9b::a9fe:a9fe",
}


def fetcher(**settings: Any) -> Fetcher:
    made = Settings(**{"fetch_allow": ("127.0.0.0/8",), "fetch_attempts": 1, **settings})
    return Fetcher(made, AddressPolicy(made.fetch_allow), edge=32, host_policy=HostPolicy(backoff=0.001))


def code_of(url: str, **settings: Any) -> str:
    with pytest.raises(ItemError) as failure:
        fetcher(**settings).fetch(url)
    return failure.value.code


@pytest.fixture
def dialled(monkeypatch) -> list[str]:
    """The addresses of all connection attempts, each of which fails."""
    addresses: list[str] = []

    class Recorded(socket.socket):
        def connect(self, address):
            addresses.append(address[0])
            raise ConnectionRefusedError

    monkeypatch.setattr("worker.fetch.connections._PlainSocket", Recorded)
    return addresses


@pytest.fixture
def canary(image_server) -> Iterator[Any]:
    """A server at 127.0.0.2, on the port of the image server."""
    with serving("127.0.0.2", image_server.port) as server:
        server.answers["/b"] = PHOTO
        yield server


@pytest.mark.parametrize("host", [*IPV4_LOOPBACK, *IPV6_LOOPBACK, *UNRESOLVED])
def test_no_spelling_of_loopback_is_reached(image_server, dialled, host):
    # A spelling that no resolver accepts does no harm either.
    assert code_of(f"http://{host}:{image_server.port}/a", fetch_allow=()) in (
        "blocked_address",
        "dns_failed",
        "bad_url",
    )
    assert not dialled


@pytest.mark.parametrize("host", IPV4_LOOPBACK)
def test_control_these_spellings_reach_loopback_without_the_guard(image_server, host):
    image_server.answers["/a"] = PHOTO
    assert fetcher(fetch_allow=EVERY_ADDRESS).fetch(f"http://{host}:{image_server.port}/a") == PHOTO


@pytest.mark.parametrize("host", IPV6_LOOPBACK)
def test_control_these_spellings_are_dialled_without_the_guard(dialled, host):
    assert code_of(f"http://{host}:1/a", fetch_allow=EVERY_ADDRESS) == "connection_failed"
    assert dialled == [socket.getaddrinfo(host.strip("[]"), 1)[0][4][0]]


@pytest.mark.parametrize("url", METADATA)
def test_no_cloud_metadata_service_is_reached(dialled, url):
    assert code_of(url, fetch_allow=()) == "blocked_address"
    assert not dialled


@pytest.mark.parametrize(("url", "address"), METADATA.items())
def test_control_cloud_metadata_services_are_dialled_without_the_guard(dialled, url, address):
    assert code_of(url, fetch_allow=EVERY_ADDRESS) == "connection_failed"
    assert [ipaddress.ip_address(found) for found in dialled] == [ipaddress.ip_address(address)]


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
def test_urls_of_other_schemes_or_with_credentials_are_refused(image_server, url):
    assert code_of(url) == "bad_url"


@pytest.mark.parametrize(
    "to", ["file:///etc/passwd", "gopher://127.0.0.1/_", "ftp://a/b", "http://a@127.0.0.1/", "data:,"]
)
def test_redirects_to_urls_of_other_schemes_are_refused(image_server, to):
    image_server.answers["/a"] = redirect(to)
    assert code_of(f"{image_server.url}/a") == "bad_url"


TO_THE_CANARY = ["http://127.0.0.2:{port}/b", "//127.0.0.2:{port}/b", "http://2130706434:{port}/b"]


@pytest.mark.parametrize("to", TO_THE_CANARY)
def test_no_redirect_leads_to_a_forbidden_address(image_server, canary, to):
    image_server.answers["/a"] = redirect(to.format(port=image_server.port))
    assert code_of(f"{image_server.url}/a", fetch_allow=(f"127.0.0.1:{image_server.port}",)) == "blocked_address"
    assert not canary.asked


@pytest.mark.parametrize("to", TO_THE_CANARY)
def test_control_these_redirects_reach_the_address_where_it_is_allowed(image_server, canary, to):
    image_server.answers["/a"] = redirect(to.format(port=image_server.port))
    assert fetcher().fetch(f"{image_server.url}/a") == PHOTO
    assert canary.asked["/b"] == 1


def test_a_redirect_loop_ends(image_server):
    image_server.answers |= {"/a": redirect("/b"), "/b": redirect("/a")}
    assert code_of(f"{image_server.url}/a", fetch_attempts=3) == "too_many_redirects"
    assert image_server.asked.total() == 21


@pytest.fixture
def rebinding(monkeypatch) -> list[str]:
    """DNS rebinding: the first answer is an allowed address, all later ones are loopback. Returns the look-ups."""
    asked: list[str] = []

    def getaddrinfo(host, port, *_, **__):
        asked.append(host)
        address = "192.0.0.9" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, int(port)))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def test_the_fetcher_connects_to_the_address_that_it_checked(image_server, rebinding, dialled):
    url = f"http://rebinding.example:{image_server.port}/a"
    assert code_of(url, fetch_allow=("192.0.0.9/32",)) == "connection_failed"
    assert (rebinding, dialled) == (["rebinding.example"], ["192.0.0.9"])
    # The next attempt resolves the name again, and checks the new answer.
    assert code_of(url, fetch_allow=()) == "blocked_address"
    assert dialled == ["192.0.0.9"]


def test_control_rebinding_fools_a_client_that_checks_a_name_and_then_connects_to_it(image_server, rebinding):
    image_server.answers["/a"] = PHOTO
    ((*_, (address, _)),) = socket.getaddrinfo("rebinding.example", image_server.port)
    assert AddressPolicy(("192.0.0.9/32",)).allows(address, image_server.port)
    connection = http.client.HTTPConnection("rebinding.example", image_server.port)
    connection.request("GET", "/a")
    assert connection.getresponse().read() == PHOTO
    connection.close()


@pytest.fixture
def environment(image_server, monkeypatch, tmp_path) -> None:
    """A proxy for everything, and credentials in ~/.netrc."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, image_server.url)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".netrc").write_text("default login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))


@pytest.mark.usefixtures("environment")
def test_the_environment_sets_neither_proxy_nor_credentials(image_server):
    assert code_of("http://10.0.0.1/x", fetch_allow=()) == "blocked_address"
    assert not image_server.asked
    image_server.answers["/a"] = PHOTO
    assert fetcher().fetch(f"{image_server.url}/a") == PHOTO
    assert "Authorization" not in image_server.headers["/a"]


@pytest.mark.usefixtures("environment")
def test_control_requests_takes_proxy_and_credentials_from_this_environment(image_server):
    requests.get("http://10.0.0.1/x", timeout=10)
    assert "Authorization" in image_server.headers["http://10.0.0.1/x"]


def test_cookies_are_not_sent_back(image_server):
    image_server.answers["/a"] = lambda request: reply(request, 200, PHOTO, Set_Cookie="who=you; Path=/")
    ours = fetcher()
    ours.fetch(f"{image_server.url}/a")
    ours.fetch(f"{image_server.url}/a")
    assert "Cookie" not in image_server.headers["/a"]
    # Control: a client with a cookie jar sends it.
    with requests.Session() as session:
        session.get(f"{image_server.url}/a", timeout=10)
        session.get(f"{image_server.url}/a", timeout=10)
    assert "Cookie" in image_server.headers["/a"]
