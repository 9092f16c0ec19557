"""Downloads through an HTTP proxy: what it is asked, and which hosts it is never asked for."""

import base64

import pytest

from tests.image_server import reply, serving
from tests.pictures import photo
from tests.raw_server import talking
from tests.worker.fetch.fetching import failure_of, fetcher

PHOTO = photo(1)


@pytest.fixture
def proxy():
    with serving("127.0.0.1") as server:
        server.default = lambda _: PHOTO
        yield server


def test_http_is_asked_of_the_proxy_which_resolves_the_name(proxy, monkeypatch):
    address = proxy.url.replace("http://", "http://me:se%40cret@")
    url = "http://photos.example:8080/a%2fb.jpg?c"
    assert fetcher(fetch_proxy=address, fetch_allow=()).fetch(url) == PHOTO
    assert list(proxy.asked) == [url]
    assert proxy.headers[url]["Host"] == "photos.example:8080"
    assert proxy.headers[url]["Proxy-Authorization"] == f"Basic {base64.b64encode(b'me:se@cret').decode()}"


def test_https_goes_through_a_tunnel():
    seen = []

    def talk(client):
        seen.append(client.recv(65536))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        # What follows is TLS, between the fetcher and the server.
        seen.append(client.recv(65536))

    with talking(talk) as port:
        failure = failure_of("https://photos.example/a", fetch_proxy=f"http://127.0.0.1:{port}", fetch_allow=())
    assert failure.code in ("connection_failed", "tls_failed")
    assert seen[0].startswith(b"CONNECT photos.example:443 HTTP/1.1\r\nHost: photos.example:443\r\n")
    assert b"User-Agent" not in seen[0]
    assert seen[1].startswith(b"\x16\x03")
    assert b"photos.example" in seen[1]


def test_a_proxy_that_refuses_or_is_gone_is_named():
    with talking(lambda client: client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")) as port:
        refused = failure_of("https://photos.example/a", fetch_proxy=f"http://127.0.0.1:{port}", fetch_allow=())
    gone = failure_of("http://photos.example/a", fetch_proxy=f"http://127.0.0.1:{port}", fetch_allow=())
    assert (refused.code, gone.code) == ("proxy_failed", "proxy_failed")
    assert "407" in str(refused)
    assert "LICHTBILD_FETCH_PROXY" in str(gone)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.0.0.1", "2130706433", "[::1]", "169.254.169.254", "localhost", "a.localhost.", "%6cocalhost"],
)
def test_the_proxy_is_not_asked_for_private_addresses(proxy, host):
    assert failure_of(f"http://{host}/a", fetch_proxy=proxy.url, fetch_allow=()).code == "blocked_address"
    assert not proxy.asked


def test_a_redirect_does_not_lead_the_proxy_to_a_private_address(proxy):
    proxy.default = lambda _: lambda request: reply(request, 302, Location="http://10.0.0.1/secret")
    assert failure_of("http://photos.example/a", fetch_proxy=proxy.url, fetch_allow=()).code == "blocked_address"
    assert list(proxy.asked) == ["http://photos.example/a"]


def test_listed_addresses_are_reached_without_the_proxy(proxy, image_server):
    image_server.answers["/a"] = photo(2)
    allow = (f"127.0.0.1:{image_server.port}",)
    assert fetcher(fetch_proxy=proxy.url, fetch_allow=allow).fetch(f"{image_server.url}/a") == photo(2)
    assert not proxy.asked
