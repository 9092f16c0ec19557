"""What the client asks the API, and what it makes of the answers."""

import base64
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lichtbild import ApiError, Client, JobFailed, JobPaused, StillRunning, Unreachable
from tests.lichtbild.fake_api import REPORT, TRIPPED, FakeApi, Reply, hit, ingest_job, problem, search_job


def test_a_job_is_read_whole_and_fields_of_a_newer_api_are_ignored(api: FakeApi, client: Client) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job("running", stored=3, failed=1, pending=6)))

    job = client.job("j1")

    assert (job.id, job.kind, job.status, job.is_final) == ("j1", "ingest", "running", False)
    assert job.created_at == datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
    assert (job.progress.total, job.progress.settled, job.progress.failed) == (10, 4, 1)
    assert (job.progress.limited_by, job.progress.failed_by_code) == ("fetch", {"http_404": 1})
    assert job.progress.failed_by_host == {"x": 1}
    assert job.raw["progress"]["of_a_newer_api"] == 1


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
        "timeout_ms": 7000,
        "collection": "photos",
    }


def test_a_search_says_what_is_wanted_of_the_hits_and_tells_what_it_knows(api: FakeApi, client: Client) -> None:
    similar = {"photo_id": "b", "url": "/thumbnails/b", "distance": 0.26, "attributes": {}}
    job = search_job(hit("a") | {"similar": [similar], "embedding": [0.6, 0.8]})
    job["result"] |= {"weights": [1.0], "pending_rows": 7}
    api.on("POST", "/v1/search", Reply(job))

    result = client.search(
        "x",
        offset=5,
        filter={"width": {"gte": 2000}},
        max_distance=0.9,
        group_distance=0.0,
        exact=True,
        embedding=True,
        after_job="i1",
    )

    assert (result.weights, result.pending_rows) == ((1.0,), 7)
    (found,) = result.hits
    assert found.embedding == (0.6, 0.8)
    assert [(photo.photo_id, photo.url) for photo in found.similar] == [("b", f"{api.url}/thumbnails/b")]
    sent = json.loads(api.calls("POST", "/v1/search")[0].body)
    assert sent == {
        "text": "x",
        "top_k": 5,
        "offset": 5,
        "filter": {"width": {"gte": 2000}},
        "max_distance": 0.9,
        "group_distance": 0.0,
        "exact": True,
        "include": ["embedding"],
        "after_job": "i1",
        "timeout_ms": 30000,
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


def test_waiting_for_a_job_that_pauses_itself_raises(api: FakeApi, client: Client, pauses: list) -> None:
    running, tripped = ingest_job("running", pending=3), ingest_job("paused", pending=3, error=TRIPPED)
    api.on("GET", "/v1/jobs/j1", Reply(running), Reply(tripped))
    seen = []

    with pytest.raises(JobPaused, match="More than 10%") as raised:
        client.wait("j1", on_progress=lambda job: seen.append(job.status))

    assert (raised.value.code, raised.value.job.progress.pending) == ("too_many_failures", 3)
    assert seen == ["running", "paused"]


def test_a_job_that_somebody_paused_is_waited_for(api: FakeApi, client: Client, pauses: list) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job("paused", pending=3)), Reply(ingest_job()))

    assert client.wait("j1").status == "succeeded"


def test_a_preflight_has_a_report_and_no_result(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", pending=3, preflight_of=25_000), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(failed=1, preflight_of=25_000, result=REPORT)))

    job = client.wait(client.ingest([("a", "http://x/a")], preflight=3).id)

    assert (job.preflight_of, job.result) == (25_000, None)
    assert (job.report.tried, job.report.success_rate, job.report.estimated_seconds) == (3, 0.6667, 12_000)
    assert api.calls("POST", "/v1/ingest")[0].query == {"collection": "photos", "preflight": "3"}


@pytest.mark.parametrize(("ratio", "sent"), [(0.05, 0.05), (0, 0.0), (0.00001, 0.00001)])
def test_the_share_that_may_fail_is_sent_as_a_plain_number(
    api: FakeApi, client: Client, ratio: float, sent: float
) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))

    client.ingest_ndjson(io.BytesIO(b'{"id":"a"}'), max_failed_ratio=ratio)

    text = api.calls("POST", "/v1/ingest")[0].query["max_failed_ratio"]
    assert (float(text), "e" in text) == (sent, False)


def test_jobs_are_read_page_by_page(api: FakeApi, client: Client) -> None:
    pages = [{"jobs": [ingest_job(job_id="j2")], "next": "c1"}, {"jobs": [ingest_job()], "next": None}]
    api.on("GET", "/v1/jobs", *map(Reply, pages))

    assert [job.id for job in client.iter_jobs("delete", "succeeded")] == ["j2", "j1"]
    first, second = (call.query for call in api.seen)
    assert first == {"kind": "delete", "status": "succeeded", "limit": "1000"}
    assert second == {**first, "cursor": "c1"}


def test_a_deleted_photo_is_gone_when_the_call_returns(api: FakeApi, client: Client) -> None:
    slow = ingest_job("running", job_id="d1", kind="delete", progress=None)
    api.on("DELETE", "/v1/photos/a%2Fb", Reply(b"", 204))
    api.on("DELETE", "/v1/photos/slow", Reply(slow, 202))
    api.on("GET", "/v1/jobs/d1", Reply({**slow, "status": "succeeded"}))

    client.delete_photo("a/b", "mine")
    client.delete_photo("slow")

    assert [(call.method, call.path) for call in api.seen] == [
        ("DELETE", "/v1/photos/a%2Fb"),
        ("DELETE", "/v1/photos/slow"),
        ("GET", "/v1/jobs/d1"),
    ]
    assert api.seen[0].query == {"collection": "mine"}


def test_indexes_are_built_and_dropped_by_jobs(api: FakeApi, client: Client) -> None:
    job = ingest_job("queued", job_id="i1", kind="index", progress=None)
    api.on("POST", "/v1/collections/photos/index", Reply(job, 202))
    api.on("DELETE", "/v1/collections/mine/index", Reply(job, 202))

    assert client.build_index().kind == "index"
    assert client.drop_index("mine").id == "i1"


def test_a_deletion_that_takes_too_long_goes_on(api: FakeApi, client: Client) -> None:
    slow = ingest_job("running", job_id="d1", kind="delete", progress=None)
    api.on("DELETE", "/v1/photos/a", Reply(slow, 202))
    api.on("GET", "/v1/jobs/d1", Reply(slow))

    with pytest.raises(StillRunning, match="d1"):
        client.delete_photo("a", timeout=0.05)


def test_failed_items_are_read_page_by_page(api: FakeApi, client: Client) -> None:
    item = {"url": "http://x/", "host": "x", "code": "http_404", "detail": "Not found.", "attempts": 1}
    first = {"items": [{"id": "a", **item}, {"id": "b", **item}], "next": "5-2"}
    api.on("GET", "/v1/jobs/j1/errors", Reply(first), Reply({"items": [{"id": "c", **item}], "next": None}))

    found = list(client.iter_errors("j1"))

    assert [(failed.id, failed.code) for failed in found] == [("a", "http_404"), ("b", "http_404"), ("c", "http_404")]
    assert {failed.host for failed in found} == {"x"}
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
