"""The client's jobs, photos and indexes: requests and answers."""

import io
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest

from lichtbild import ApiError, Client, JobFailed, JobPaused, StillRunning
from tests.lichtbild.fake_api import REPORT, TRIPPED, FakeApi, Reply, ingest_job


def test_every_field_of_a_job_is_read_and_unknown_fields_are_ignored(api: FakeApi, client: Client) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job("running", stored=3, failed=1, pending=6)))

    job = client.job("j1")

    assert (job.id, job.kind, job.status, job.is_final) == ("j1", "ingest", "running", False)
    assert job.created_at == datetime(2026, 1, 2, 3, 4, 5, 678_000, UTC)
    assert (job.progress.total, job.progress.settled, job.progress.failed) == (10, 4, 1)
    assert (job.progress.limited_by, job.progress.failed_by_code) == ("fetch", {"http_404": 1})
    assert job.progress.failed_by_host == {"x": 1}
    assert job.raw["progress"]["of_a_newer_api"] == 1


def test_waiting_reports_progress_until_the_job_has_succeeded(api: FakeApi, client: Client, pauses: list) -> None:
    states = [ingest_job("running", stored=count, pending=2 - count) for count in range(2)]
    api.on("GET", "/v1/jobs/j1", *(Reply(state) for state in [*states, ingest_job()]))
    stored = []

    job = client.wait("j1", on_progress=lambda job: stored.append(job.progress.stored))

    assert (job.status, stored) == ("succeeded", [0, 1, 2])


def test_waiting_without_progress_uses_long_polls(api: FakeApi, client: Client, pauses: list) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job("running")), Reply(ingest_job()))

    client.wait("j1")

    assert [call.query.get("wait") for call in api.calls("GET", "/v1/jobs/j1")] == [None, "30.000"]


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


def test_a_job_that_a_user_paused_is_waited_for(api: FakeApi, client: Client, pauses: list) -> None:
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
def test_max_failed_ratio_is_sent_as_a_plain_decimal(api: FakeApi, client: Client, ratio: float, sent: float) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))

    client.ingest_ndjson(io.BytesIO(b'{"id":"a"}'), max_failed_ratio=ratio)

    text = api.calls("POST", "/v1/ingest")[0].query["max_failed_ratio"]
    assert (float(text), "e" in text) == (sent, False)


def test_jobs_are_read_page_by_page(api: FakeApi, client: Client) -> None:
    pages = [{"jobs": [ingest_job(job_id="j2")], "next_cursor": "c1"}, {"jobs": [ingest_job()], "next_cursor": None}]
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


def test_a_collection_is_deleted_by_a_job(api: FakeApi, client: Client) -> None:
    job = ingest_job("queued", job_id="d1", kind="delete", progress=None)
    api.on("DELETE", "/v1/collections/mine", Reply(job, 202))

    assert client.delete_collection("mine").id == "d1"


def test_a_deletion_that_takes_too_long_continues(api: FakeApi, client: Client) -> None:
    slow = ingest_job("running", job_id="d1", kind="delete", progress=None)
    api.on("DELETE", "/v1/photos/a", Reply(slow, 202))
    api.on("GET", "/v1/jobs/d1", Reply(slow))

    with pytest.raises(StillRunning, match="d1"):
        client.delete_photo("a", timeout=0.05)


def test_failed_items_are_read_page_by_page(api: FakeApi, client: Client) -> None:
    item = {"url": "http://x/", "host": "x", "code": "http_404", "detail": "Not found.", "attempts": 1}
    first = {"items": [{"photo_id": "a", **item}, {"photo_id": "b", **item}], "next_cursor": "5-2"}
    api.on(
        "GET", "/v1/jobs/j1/errors", Reply(first), Reply({"items": [{"photo_id": "c", **item}], "next_cursor": None})
    )

    found = list(client.iter_errors("j1"))

    assert [(failed.photo_id, failed.code) for failed in found] == [
        ("a", "http_404"),
        ("b", "http_404"),
        ("c", "http_404"),
    ]
    assert {failed.host for failed in found} == {"x"}
    assert [call.query.get("cursor") for call in api.seen] == [None, "5-2"]


@pytest.mark.parametrize("photo_id", ["a/b c?d#e%f", "ü/日本", "..x//y"])
def test_a_photo_id_is_one_segment_of_the_path(api: FakeApi, client: Client, photo_id: str) -> None:
    with pytest.raises(ApiError):
        client.photo(photo_id)

    prefix, _, last = api.seen[0].path.rpartition("/")
    assert (prefix, unquote(last)) == ("/v1/photos", photo_id)


def test_a_photo_has_its_embedding_on_request(api: FakeApi, client: Client) -> None:
    body = {"photo_id": "a", "url": "http://x/a.jpg", "attributes": {"k": 1}, "model": "m", "embedding": [0.6, 0.8]}
    api.on("GET", "/v1/photos/a", Reply(body))

    assert client.photo("a", embedding=True).embedding == (0.6, 0.8)
    assert api.seen[0].query == {"collection": "photos", "include": "embedding"}


def test_a_photo_has_its_size_and_thumbnail_where_they_are_known(api: FakeApi, client: Client) -> None:
    body = {"photo_id": "a", "url": "http://x/a.jpg", "attributes": {}, "model": "m"}
    api.on("GET", "/v1/photos/a", Reply(body | {"width": 640, "height": 480, "thumbnail": "/thumbnails/a?v=1"}))
    api.on("GET", "/v1/photos/b", Reply(body))

    known, unknown = client.photo("a"), client.photo("b")

    assert (known.width, known.height, known.thumbnail) == (640, 480, f"{api.url}/thumbnails/a?v=1")
    assert (unknown.width, unknown.height, unknown.thumbnail) == (None, None, None)


def test_the_webhooks_about_a_job_are_listed(api: FakeApi, client: Client) -> None:
    refused = {"at": "2026-01-02T03:04:05.678Z", "seconds": 0.25, "status_code": 500, "error": None}
    silent = {"at": "2026-01-02T03:04:09.000Z", "seconds": 10.0, "status_code": None, "error": "timeout"}
    waiting = {
        "id": "msg_1",
        "event": "succeeded",
        "url": "https://example.org/hook",
        "status": "waiting",
        "created_at": "2026-01-02T03:04:05.000Z",
        "next_attempt_at": "2026-01-02T03:05:00.000Z",
        "attempts": [refused, silent],
    }
    gone = waiting | {"id": "msg_2", "status": "failed", "next_attempt_at": None, "attempts": []}
    api.on("GET", "/v1/jobs/j%2F1/deliveries", Reply({"deliveries": [waiting, gone]}))

    first, second = client.deliveries("j/1")

    assert (first.id, first.event, first.status) == ("msg_1", "succeeded", "waiting")
    assert first.next_attempt_at == datetime(2026, 1, 2, 3, 5, tzinfo=UTC)
    assert [(attempt.status_code, attempt.error) for attempt in first.attempts] == [(500, None), (None, "timeout")]
    assert (second.next_attempt_at, second.attempts) == (None, ())
