"""`/v1/jobs/{id}`: its state, its events, and what can be done to it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.settling import settle


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


def test_fields_of_the_contract_are_all_there(client, job_id):
    job = client.get(f"/v1/jobs/{job_id}").json
    assert list(job) == [
        "id",
        "kind",
        "status",
        "collection",
        "name",
        "metadata",
        "parent_id",
        "preflight_of",
        "created_at",
        "started_at",
        "finished_at",
        "progress",
        "result",
        "error",
        "request_id",
        "links",
    ]


@pytest.mark.parametrize("path", ["", "/errors", "?wait=1"])
def test_an_unknown_job_is_404(client, path):
    answer = client.get(f"/v1/jobs/nonsense{path}")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert client.post("/v1/jobs/nonsense/cancel").status_code == 404
    ndjson = client.get("/v1/jobs/nonsense/errors", headers={"Accept": "application/x-ndjson"})
    assert ndjson.status_code == 404


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
