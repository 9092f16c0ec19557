"""`max_failed_ratio` and `preflight` of an ingest."""

import pytest

from shared.domain.items import Failure, Outcome
from tests.api.settling import settle


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


def test_a_job_that_was_paused_when_little_was_left_ends_as_failed(client, ingests):
    items = [{"id": f"p{n}", "url": f"http://h/{n}"} for n in range(256)]
    job_id = client.post("/v1/ingest?max_failed_ratio=0.1", json={"items": items}).json["id"]
    first, last = ingests.claim(), ingests.claim()
    for claim in (first, last):
        failures = [Failure(item, "http_404", "x", 1) for item in claim.items[:64]]
        ingests.settle(claim, Outcome(64, 0, failures, 0, {}))
    job = client.get(f"/v1/jobs/{job_id}").json
    assert (job["status"], job["error"]["code"], job["progress"]["failed"]) == ("failed", "too_many_failures", 128)


@pytest.mark.parametrize(("ratio", "status"), [("0.09", "failed"), ("0.1", "succeeded")])
def test_a_short_list_is_judged_when_it_ends(client, ingests, ratio, status):
    items = [{"id": f"q{n}", "url": "http://h/"} for n in range(50)]
    job_id = client.post(f"/v1/ingest?max_failed_ratio={ratio}", json={"items": items}).json["id"]
    settle(ingests, 5)
    job = client.get(f"/v1/jobs/{job_id}").json
    assert (job["status"], job["progress"]["pending"]) == (status, 0)
    assert (job["error"] or {}).get("code") == ("too_many_failures" if status == "failed" else None)
    assert client.post(f"/v1/jobs/{job_id}/retry").json["progress"]["total"] == 5


def test_a_preflight_is_not_judged_by_the_ratio(client, ingests):
    items = [{"id": f"q{n}", "url": "http://h/"} for n in range(20)]
    job_id = client.post("/v1/ingest?max_failed_ratio=0&preflight=20", json={"items": items}).json["id"]
    settle(ingests, 5)
    job = client.get(f"/v1/jobs/{job_id}").json
    assert (job["status"], job["result"]["success_rate"]) == ("succeeded", 0.75)


def test_a_paused_job_has_no_rate(client, ingests):
    items = [{"id": f"p{n}", "url": f"http://h/{n}"} for n in range(256)]
    job_id = client.post("/v1/ingest", json={"items": items}).json["id"]
    settle(ingests, 0)
    running = client.get(f"/v1/jobs/{job_id}").json["progress"]
    paused = client.post(f"/v1/jobs/{job_id}/pause").json["progress"]
    assert running["items_per_second"] > 0
    assert (paused["items_per_second"], paused["eta_seconds"]) == (0.0, None)


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
