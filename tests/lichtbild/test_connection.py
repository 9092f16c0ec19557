"""The client's connection: address, key, proxies, and errors of the API and of other servers."""

from pathlib import Path

import pytest

from lichtbild import ApiError, AsyncClient, Client, Unreachable
from tests.lichtbild.conftest import Connect
from tests.lichtbild.fake_api import FakeApi, Reply, problem


def test_a_refusal_carries_the_problem(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/search", problem(422, "invalid_request", "top_k: must be at most 1000."))

    with pytest.raises(ApiError, match="top_k") as raised:
        client.search("x", top_k=2000)

    assert (raised.value.status, raised.value.code) == (422, "invalid_request")


@pytest.mark.parametrize(
    "reply",
    [Reply(b"<h1>no</h1>", 404, content_type="text/html"), Reply([1], 500), Reply(b"", 301, {"Location": "/else"})],
)
def test_a_refusal_without_a_problem_is_still_an_api_error(api: FakeApi, client: Client, reply: Reply) -> None:
    api.on("GET", "/v1/jobs/j1", reply)

    with pytest.raises(ApiError, match=f"http_{reply.status}"):
        client.job("j1")


@pytest.mark.parametrize("reply", [Reply(b"<h1>It works</h1>", content_type="text/html"), Reply({"ok": True})])
def test_another_server_is_not_taken_for_lichtbild(api: FakeApi, client: Client, reply: Reply) -> None:
    api.on("GET", "/healthz", reply)

    with pytest.raises(Unreachable, match="not Lichtbild"):
        client.health()


def test_readiness_is_returned_even_if_the_stack_is_not_ready(api: FakeApi, client: Client) -> None:
    checks = {"redis": True, "search_worker": False}
    api.on("GET", "/readyz", Reply({"status": "not ready", "checks": checks}, 503, {"Retry-After": "1"}))

    readiness = client.ready()

    assert (readiness.ready, readiness.checks) == (False, checks)
    assert len(api.seen) == 1


def test_the_key_is_sent_and_netrc_is_not(
    api: FakeApi, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("LICHTBILD_API_KEY", "k1")
    connect(api.url).health()
    monkeypatch.delenv("LICHTBILD_API_KEY")
    connect(api.url).health()

    assert [call.headers.get("Authorization") for call in api.seen] == ["Bearer k1", None]


def test_an_address_on_loopback_bypasses_the_proxy_of_the_environment(
    api: FakeApi, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    connect(api.url).health()


def test_the_address_comes_from_the_environment(
    api: FakeApi, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LICHTBILD_API", api.url + "/")
    client = connect()
    client.health()
    assert client.api == api.url


@pytest.mark.parametrize("address", ["127.0.0.1:8700", "ftp://x", "http://"])
def test_an_invalid_address_is_refused(connect: Connect, address: str) -> None:
    with pytest.raises(ValueError, match="must look like"):
        connect(address)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_the_repr_has_the_address_and_not_the_key(kind: type[Client] | type[AsyncClient]) -> None:
    assert repr(kind("http://127.0.0.1:8700/", api_key="secret")) == f"{kind.__name__}('http://127.0.0.1:8700')"
