"""What the client asks the API, and what it makes of the answers."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lichtbild import ApiError, Client, JobFailed, StillRunning, Unreachable
from tests.lichtbild.fake_api import FakeApi, Reply, hit, ingest_job, problem, search_job


def test_a_job_is_read_whole_and_fields_of_a_newer_api_are_ignored(api: FakeApi, client: Client) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job("running", stored=3, failed=1, pending=6)))

    job = client.job("j1")

    assert (job.id, job.kind, job.status, job.is_final) == ("j1", "ingest", "running", False)
    assert job.created_at == datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
    assert (job.progress.total, job.progress.settled, job.progress.failed) == (10, 4, 1)
    assert job.raw["progress"]["limited_by"] == "a field of a newer API"


def test_a_search_waits_with_the_request_and_returns_the_hits(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/search", Reply(search_job(hit("a/b", 0.25, description="a man"), hit("c", 0.5))))

    result = client.search("a man", photo_id="a/b", top_k=2, terms=[{"text": "people", "weight": -0.5}], timeout=7)

    assert [(found.photo_id, found.distance) for found in result.hits] == [("a/b", 0.25), ("c", 0.5)]
    assert result.hits[0].attributes == {"description": "a man"}
    assert result.took_ms == {"queue": 1.0, "encode": 2.0, "search": 3.5}
    sent = api.calls("POST", "/v1/search")[0]
    assert sent.headers["Prefer"] == "wait=7"
    assert json.loads(sent.body) == {
        "text": "a man",
        "photo_id": "a/b",
        "terms": [{"text": "people", "weight": -0.5}],
        "top_k": 2,
        "collection": "photos",
    }


def test_a_search_that_takes_longer_is_polled_until_it_has_ended(api: FakeApi, client: Client, pauses: list) -> None:
    api.on("POST", "/v1/search", Reply(search_job(status="queued"), 202))
    api.on("GET", "/v1/jobs/s1", Reply(search_job(status="running")), Reply(search_job(hit("late"))))

    assert [found.photo_id for found in client.search("x").hits] == ["late"]
    # An API that answers at once although it was asked to wait is not asked in a tight loop.
    assert [pause > 0.3 for pause in pauses] == [True]


@pytest.mark.parametrize("given", ["path", "text path", "bytes"])
def test_an_image_is_sent_as_its_bytes(api: FakeApi, client: Client, tmp_path: Path, given: str) -> None:
    api.on("POST", "/v1/search", Reply(search_job()))
    path = tmp_path / "query.jpg"
    path.write_bytes(b"\xff\xd8picture")

    client.search(image={"path": path, "text path": str(path), "bytes": path.read_bytes()}[given])

    assert base64.b64decode(json.loads(api.seen[0].body)["image"]) == b"\xff\xd8picture"


def test_an_image_url_is_left_for_the_worker_to_fetch(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/search", Reply(search_job()))

    client.search(image="https://example.org/a.jpg")

    assert json.loads(api.seen[0].body)["image_url"] == "https://example.org/a.jpg"


def test_a_search_that_failed_raises_its_code(api: FakeApi, client: Client) -> None:
    error = {"code": "not_an_image", "detail": "These bytes are not an image."}
    api.on("POST", "/v1/search", Reply(search_job(status="failed", error=error)))

    with pytest.raises(JobFailed, match="These bytes are not an image") as raised:
        client.search(image=b"text")

    assert (raised.value.code, raised.value.job.id) == ("not_an_image", "s1")


def test_a_search_past_its_deadline_is_left_running(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/search", Reply(search_job(status="queued"), 202))
    api.on("GET", "/v1/jobs/s1", Reply(search_job(status="running")))

    with pytest.raises(StillRunning, match="s1") as raised:
        client.search("x", timeout=0.05)

    assert raised.value.job_id == "s1"


def test_waiting_reports_progress_until_the_job_has_succeeded(api: FakeApi, client: Client, pauses: list) -> None:
    states = [ingest_job("running", stored=count, pending=2 - count) for count in range(2)]
    api.on("GET", "/v1/jobs/j1", *(Reply(state) for state in [*states, ingest_job()]))
    stored = []

    job = client.wait("j1", on_progress=lambda job: stored.append(job.progress.stored))

    assert (job.status, stored) == ("succeeded", [0, 1, 2])


def test_waiting_without_a_watcher_asks_the_api_to_hold_the_answer(api: FakeApi, client: Client, pauses: list) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job("running")), Reply(ingest_job()))

    client.wait("j1")

    assert [call.query.get("wait") for call in api.seen] == [None, "30.000"]


def test_waiting_for_a_job_that_is_cancelled_raises(api: FakeApi, client: Client) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job("cancelled")))

    with pytest.raises(JobFailed, match="cancelled") as raised:
        client.wait("j1")

    assert (raised.value.code, raised.value.job.progress.stored) == ("cancelled", 2)


def test_failed_items_are_read_page_by_page(api: FakeApi, client: Client) -> None:
    item = {"url": "http://x/", "code": "http_404", "detail": "Not found.", "attempts": 1}
    first = {"items": [{"id": "a", **item}, {"id": "b", **item}], "next": "5-2"}
    api.on("GET", "/v1/jobs/j1/errors", Reply(first), Reply({"items": [{"id": "c", **item}], "next": None}))

    found = list(client.iter_errors("j1"))

    assert [(failed.id, failed.code) for failed in found] == [("a", "http_404"), ("b", "http_404"), ("c", "http_404")]
    assert [call.query.get("cursor") for call in api.seen] == [None, "5-2"]


@pytest.mark.parametrize("photo_id", ["a/b c?d#e%f", "ü/日本", "..x//y"])
def test_a_photo_id_is_one_segment_of_the_path(api: FakeApi, client: Client, photo_id: str) -> None:
    with pytest.raises(ApiError):
        client.photo(photo_id)

    from urllib.parse import unquote

    prefix, _, last = api.seen[0].path.rpartition("/")
    assert (prefix, unquote(last)) == ("/v1/photos", photo_id)


def test_a_photo_comes_with_its_embedding_when_asked(api: FakeApi, client: Client) -> None:
    body = {"photo_id": "a", "url": "http://x/a.jpg", "attributes": {"k": 1}, "model": "m", "embedding": [0.6, 0.8]}
    api.on("GET", "/v1/photos/a", Reply(body))

    assert client.photo("a", embedding=True).embedding == (0.6, 0.8)
    assert api.seen[0].query == {"collection": "photos", "include": "embedding"}


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


def test_readiness_is_told_also_when_it_is_not_ready(api: FakeApi, client: Client) -> None:
    checks = {"redis": True, "search_worker": False}
    api.on("GET", "/readyz", Reply({"status": "not ready", "checks": checks}, 503, {"Retry-After": "1"}))

    readiness = client.ready()

    assert (readiness.ready, readiness.checks) == (False, checks)
    assert len(api.seen) == 1


def test_the_key_is_sent_and_netrc_is_not(api: FakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("LICHTBILD_API_KEY", "k1")
    with Client(api.url) as client:
        client.health()
    monkeypatch.delenv("LICHTBILD_API_KEY")
    with Client(api.url) as client:
        client.health()

    assert [call.headers.get("Authorization") for call in api.seen] == ["Bearer k1", None]


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with Client(api.url) as client:
        client.health()


def test_the_address_comes_from_the_environment(api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LICHTBILD_API", api.url + "/")
    with Client() as client:
        client.health()
        assert client.api == api.url


@pytest.mark.parametrize("address", ["127.0.0.1:8700", "ftp://x", "http://"])
def test_an_address_that_cannot_be_one_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="must look like"):
        Client(address)
