"""`/v1/jobs`."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared.domain.items import Failure, Item, Outcome
from shared.ledger import keys


@pytest.fixture
def job_id(client) -> str:
    items = [{"id": f"p{n}", "url": f"http://h/{n}"} for n in range(10)]
    return client.post("/v1/ingest", json={"items": items}).json["id"]


def settle(ingests, failed: int) -> None:
    claim = ingests.claim()
    failures = [Failure(item, "http_404", "The server answered 404.", 1) for item in claim.items[:failed]]
    ingests.settle(claim, Outcome(len(claim.items) - failed, 0, failures, 100, {"fetch": 1.5}))


def test_a_job_tells_its_life(client, ingests, job_id):
    assert client.get(f"/v1/jobs/{job_id}").json["status"] == "queued"
    settle(ingests, 3)
    job = client.get(f"/v1/jobs/{job_id}").json
    assert job["status"] == "succeeded"
    assert job["created_at"] <= job["started_at"] <= job["finished_at"]
    progress = job["progress"]
    assert (progress["total"], progress["stored"], progress["failed"], progress["pending"]) == (10, 7, 3, 0)
    assert progress["stage_seconds"]["fetch"] == 1.5
    assert client.get(job["links"]["errors"]).status_code == 200


def test_waiting_returns_at_once_when_the_job_has_ended(client, ingests, job_id):
    settle(ingests, 0)
    assert client.get(f"/v1/jobs/{job_id}?wait=30").json["status"] == "succeeded"


@pytest.mark.parametrize("wait", ["x", "-1", "", "1e9"])
def test_a_wait_that_is_no_number_is_refused(client, job_id, wait):
    assert client.get(f"/v1/jobs/{job_id}?wait={wait}").status_code == 422


def test_errors_come_in_pages(client, ingests, job_id):
    settle(ingests, 5)
    first = client.get(f"/v1/jobs/{job_id}/errors?limit=3").json
    second = client.get(f"/v1/jobs/{job_id}/errors?limit=3&cursor={first['next']}").json
    assert [item["id"] for item in first["items"] + second["items"]] == [f"p{n}" for n in range(5)]
    assert second["next"] is None
    assert first["items"][0] == {
        "id": "p0",
        "url": "http://h/0",
        "host": "h",
        "code": "http_404",
        "detail": "The server answered 404.",
        "attempts": 1,
    }


def test_errors_come_as_ndjson(client, ingests, job_id):
    settle(ingests, 5)
    answer = client.get(f"/v1/jobs/{job_id}/errors", headers={"Accept": "application/x-ndjson"})
    assert answer.content_type == "application/x-ndjson"
    assert [json.loads(line)["id"] for line in answer.text.splitlines()] == [f"p{n}" for n in range(5)]


@pytest.mark.parametrize("query", ["cursor=x", "cursor=1", "limit=0", "limit=1001", "code=x"])
def test_bad_pages_are_refused(client, job_id, query):
    assert client.get(f"/v1/jobs/{job_id}/errors?{query}").status_code == 422


def test_cancelling_twice_is_no_error_and_an_ended_job_is_a_conflict(client, ingests, job_id):
    for _ in range(2):
        answer = client.post(f"/v1/jobs/{job_id}/cancel")
        assert (answer.status_code, answer.json["status"]) == (200, "cancelled")
    other = client.post("/v1/ingest", json={"items": [{"id": "a", "url": "http://h/"}]}).json["id"]
    settle(ingests, 0)
    answer = client.post(f"/v1/jobs/{other}/cancel")
    assert (answer.status_code, answer.json["type"]) == (409, "urn:lichtbild:conflict")


def test_a_paused_job_hands_out_nothing_until_it_is_resumed(client, ingests, job_id):
    for _ in range(2):
        answer = client.post(f"/v1/jobs/{job_id}/pause")
        assert (answer.status_code, answer.json["status"]) == (200, "paused")
    assert ingests.claim() is None
    for _ in range(2):
        answer = client.post(f"/v1/jobs/{job_id}/resume")
        assert (answer.status_code, answer.json["status"]) == (200, "queued")
    settle(ingests, 0)
    for action in ("pause", "resume"):
        assert client.post(f"/v1/jobs/{job_id}/{action}").status_code == 409
        assert client.post(f"/v1/jobs/nonsense/{action}").status_code == 404


def test_a_search_is_not_paused(client):
    search = client.post("/v1/search", json={"text": "x"}).json["id"]
    for action in ("pause", "resume", "retry"):
        assert client.post(f"/v1/jobs/{search}/{action}").status_code == 409


def test_a_retry_is_a_new_job_over_what_failed(client, ingests, job_id):
    assert client.post(f"/v1/jobs/{job_id}/retry").status_code == 409
    settle(ingests, 4)
    answer = client.post(f"/v1/jobs/{job_id}/retry")
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/jobs/{answer.json['id']}"
    assert (answer.json["parent_id"], answer.json["progress"]["total"]) == (job_id, 4)
    assert [item.id for item in ingests.claim().items] == ["p0", "p1", "p2", "p3"]
    assert client.get(f"/v1/jobs/{job_id}").json["progress"]["failed"] == 4


def test_a_retry_can_be_of_one_code_only(client, ingests, job_id):
    claim = ingests.claim()
    codes = ["http_404", "timeout", "timeout"]
    failures = [Failure(item, code, "x", 1) for item, code in zip(claim.items, codes, strict=False)]
    ingests.settle(claim, Outcome(7, 0, failures, 0, {}))
    assert client.post(f"/v1/jobs/{job_id}/retry?code=timeout").json["progress"]["total"] == 2
    assert [item.id for item in ingests.claim().items] == ["p1", "p2"]
    assert client.post(f"/v1/jobs/{job_id}/retry?code=http_500").status_code == 422
    assert client.post(f"/v1/jobs/{job_id}/retry?cod=timeout").status_code == 422


@pytest.mark.parametrize("path", ["", "/errors", "?wait=1"])
def test_an_unknown_job_is_404(client, path):
    answer = client.get(f"/v1/jobs/nonsense{path}")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert client.post("/v1/jobs/nonsense/cancel").status_code == 404
    ndjson = client.get("/v1/jobs/nonsense/errors", headers={"Accept": "application/x-ndjson"})
    assert ndjson.status_code == 404


def test_jobs_are_listed_by_kind(client, job_id):
    search = client.post("/v1/search", json={"text": "x"}).json["id"]
    assert [job["id"] for job in client.get("/v1/jobs").json["jobs"]] == [job_id]
    assert [job["id"] for job in client.get("/v1/jobs?kind=search").json["jobs"]] == [search]
    assert client.get("/v1/jobs?kind=x").status_code == 422


def test_fields_of_the_contract_are_all_there(client, job_id):
    job = client.get(f"/v1/jobs/{job_id}").json
    assert list(job) == [
        "id",
        "kind",
        "status",
        "collection",
        "parent_id",
        "preflight_of",
        "created_at",
        "started_at",
        "finished_at",
        "progress",
        "result",
        "error",
        "links",
    ]


def test_jobs_are_listed_by_status_page_by_page(client, ingests):
    ids = [client.post("/v1/ingest", json={"items": [{"id": "a", "url": "http://h/"}]}).json["id"] for _ in range(7)]
    for job_id in ids[::2]:
        client.post(f"/v1/jobs/{job_id}/cancel")
    for status, expected in {"cancelled": ids[::2], "queued": ids[1::2], "failed": []}.items():
        found, cursor = [], ""
        while cursor is not None:
            page = client.get(f"/v1/jobs?status={status}&limit=2&cursor={cursor}").json
            assert len(page["jobs"]) <= 2
            found += [job["id"] for job in page["jobs"]]
            cursor = page["next"]
        assert found == expected[::-1]
    for query in ("status=x", "cursor=x", "cursor=1-x;", "kind="):
        assert client.get(f"/v1/jobs?{query}").status_code == 422


def test_a_listing_goes_on_where_it_was_though_jobs_come_and_go(client, ingests, connection):
    ids = [client.post("/v1/ingest", json={"items": [{"id": "a", "url": "http://h/"}]}).json["id"] for _ in range(6)]
    first = client.get("/v1/jobs?limit=2").json
    client.post("/v1/ingest", json={"items": [{"id": "a", "url": "http://h/"}]})
    connection.delete(keys.job(ids[4]), keys.job(ids[2]))
    second = client.get(f"/v1/jobs?limit=2&cursor={first['next']}").json
    assert [job["id"] for job in second["jobs"]] == [ids[3], ids[1]]
    third = client.get(f"/v1/jobs?limit=2&cursor={second['next']}").json
    assert ([job["id"] for job in third["jobs"]], third["next"]) == ([ids[0]], None)


def test_events_tell_of_progress_and_of_the_end(client, ingests):
    items = [{"id": f"p{n}", "url": f"http://h/{n}"} for n in range(300)]
    job_id = client.post("/v1/ingest", json={"items": items}).json["id"]
    answer = client.get(f"/v1/jobs/{job_id}/events")
    assert answer.content_type == "text/event-stream"
    stream = events(answer)
    assert next(stream)[0] == "progress"
    settle(ingests, 2)
    name, job = next(stream)
    assert (name, job["progress"]["failed"]) == ("progress", 2)
    settle(ingests, 0)
    settle(ingests, 0)
    *between, (name, job) = stream
    assert all(name == "progress" for name, _ in between)
    assert (name, job["status"], job["progress"]["pending"]) == ("done", "succeeded", 0)
    ((name, job),) = events(client.get(f"/v1/jobs/{job_id}/events"))
    assert (name, job["status"]) == ("done", "succeeded")
    assert client.get("/v1/jobs/nonsense/events").status_code == 404


def events(answer) -> Iterator[tuple[str, Any]]:
    """Names and data of Server-Sent Events, as they come."""
    text = ""
    for piece in answer.iter_encoded():
        text += piece.decode()
        while "\n\n" in text:
            event, text = text.split("\n\n", 1)
            if event.startswith(":"):
                continue
            name, data = event.splitlines()
            yield name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_a_job_that_fails_too_much_is_paused_until_it_is_resumed(client, ingests):
    items = [{"id": f"p{n}", "url": f"http://h/{n}"} for n in range(1000)]
    job_id = client.post("/v1/ingest?max_failed_ratio=0.1", json={"items": items}).json["id"]
    settle(ingests, 12)
    assert client.get(f"/v1/jobs/{job_id}").json["status"] == "running"
    settle(ingests, 50)
    job = client.get(f"/v1/jobs/{job_id}").json
    assert (job["status"], job["error"]["code"]) == ("paused", "too_many_failures")
    assert job["progress"]["failed_by_code"] == {"http_404": 62}
    assert ingests.claim() is None
    # What failed before it was resumed is forgiven, but no more than that.
    job = client.post(f"/v1/jobs/{job_id}/resume").json
    assert (job["status"], job["error"]) == ("running", None)
    settle(ingests, 12)
    assert client.get(f"/v1/jobs/{job_id}").json["status"] == "running"
    settle(ingests, 20)
    assert client.get(f"/v1/jobs/{job_id}").json["status"] == "paused"


def test_a_job_that_was_paused_when_little_was_left_ends_without_an_error(client, ingests):
    items = [{"id": f"p{n}", "url": f"http://h/{n}"} for n in range(256)]
    job_id = client.post("/v1/ingest?max_failed_ratio=0.1", json={"items": items}).json["id"]
    first, last = ingests.claim(), ingests.claim()
    for claim in (first, last):
        failures = [Failure(item, "http_404", "x", 1) for item in claim.items[:64]]
        ingests.settle(claim, Outcome(64, 0, failures, 0, {}))
    job = client.get(f"/v1/jobs/{job_id}").json
    assert (job["status"], job["error"], job["progress"]["failed"]) == ("succeeded", None, 128)


def test_a_short_list_that_begins_badly_is_not_paused(client, ingests, job_id):
    job_id = client.post(
        "/v1/ingest?max_failed_ratio=0", json={"items": [{"id": f"q{n}", "url": "http://h/"} for n in range(50)]}
    ).json["id"]
    settle(ingests, 5)
    settle(ingests, 50)
    assert client.get(f"/v1/jobs/{job_id}").json["status"] == "succeeded"


@pytest.mark.parametrize("query", ["max_failed_ratio=1", "max_failed_ratio=x", "preflight=x", "preflight=10001"])
def test_conditions_that_cannot_be_are_refused(client, query):
    answer = client.post(f"/v1/ingest?{query}", json={"items": [{"id": "a", "url": "http://h/"}]})
    assert answer.status_code == 422


def test_a_preflight_takes_a_random_sample_and_cannot_be_retried(client, ingests):
    items = [{"id": f"p{n}", "url": f"http://h/{n}"} for n in range(500)]
    job = client.post("/v1/ingest?preflight=20", json={"items": items}).json
    assert (job["progress"]["total"], job["preflight_of"], job["result"]) == (20, 500, None)
    claim = ingests.claim()
    chosen = {item.id for item in claim.items}
    assert claim.preflight
    assert len(chosen) == 20
    # The chance that all 20 of 500 are from the first half is one in two million.
    assert {int(photo_id[1:]) // 250 for photo_id in chosen} == {0, 1}
    ingests.settle(claim, Outcome(15, 0, [Failure(item, "http_404", "x", 1) for item in claim.items[:5]], 1500, {}))
    job = client.get(f"/v1/jobs/{job['id']}").json
    assert {name: job["result"][name] for name in ("tried", "of", "success_rate", "bytes_per_item")} == {
        "tried": 20,
        "of": 500,
        "success_rate": 0.75,
        "bytes_per_item": 100,
    }
    assert client.post(f"/v1/jobs/{job['id']}/retry").status_code == 409


def test_of_many_failing_hosts_the_first_are_told_by_name_and_the_rest_together(client, ingests):
    items = [{"id": f"p{n}", "url": f"http://h{n}.example/x"} for n in range(128)]
    job_id = client.post("/v1/ingest", json={"items": items}).json["id"]
    settle(ingests, 128)
    hosts = client.get(f"/v1/jobs/{job_id}").json["progress"]["failed_by_host"]
    assert sum(hosts.values()) == 128
    assert len(hosts) == 21
    assert hosts["(other)"] == 108


def test_an_item_keeps_its_line_for_a_retry(ingests, client, job_id):
    settle(ingests, 1)
    (failure,), _ = ingests.failures(job_id, "0-0", 10)
    assert failure.item == Item("p0", "http://h/0", {})
