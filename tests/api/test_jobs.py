"""`/v1/jobs`."""

import json

import pytest

from shared.items import Failure, Item, Outcome


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
        "created_at",
        "started_at",
        "finished_at",
        "progress",
        "result",
        "error",
        "links",
    ]


def test_an_item_keeps_its_line_for_a_retry(ingests, client, job_id):
    settle(ingests, 1)
    (failure,), _ = ingests.failures(job_id, "0-0", 10)
    assert failure.item == Item("p0", "http://h/0", {})
