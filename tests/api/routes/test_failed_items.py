"""Failed items of a job: listed in pages or as NDJSON, counted by host, ingested again by a retry."""

import json

import pytest

from shared.domain.items import Failure, Item, Outcome
from tests.api.settling import settle


def test_errors_come_in_pages(client, ingests, job_id):
    settle(ingests, 5)
    first = client.get(f"/v1/jobs/{job_id}/errors?limit=3").json
    second = client.get(f"/v1/jobs/{job_id}/errors?limit=3&cursor={first['next_cursor']}").json
    assert [item["photo_id"] for item in first["items"] + second["items"]] == [f"p{n}" for n in range(5)]
    assert second["next_cursor"] is None
    assert first["items"][0] == {
        "photo_id": "p0",
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
    assert [json.loads(line)["photo_id"] for line in answer.text.splitlines()] == [f"p{n}" for n in range(5)]


@pytest.mark.parametrize("query", ["cursor=x", "cursor=1", "limit=0", "limit=1001", "code=x"])
def test_bad_pages_are_refused(client, job_id, query):
    assert client.get(f"/v1/jobs/{job_id}/errors?{query}").status_code == 422


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


def test_a_retry_is_a_new_job_over_what_failed(client, ingests, job_id):
    assert client.post(f"/v1/jobs/{job_id}/retry").status_code == 409
    settle(ingests, 4)
    answer = client.post(f"/v1/jobs/{job_id}/retry")
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"http://localhost/v1/jobs/{answer.json['id']}"
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
    refused = client.post(f"/v1/jobs/{job_id}/retry?code=http_500")
    assert (refused.status_code, refused.json["faults"][0]["parameter"]) == (422, "code")
    assert "timeout 2, http_404 1" in refused.json["detail"]
    assert client.post(f"/v1/jobs/{job_id}/retry?cod=timeout").status_code == 422


def test_a_job_without_failures_has_nothing_to_retry(client, ingests, job_id):
    settle(ingests, 0)
    answer = client.post(f"/v1/jobs/{job_id}/retry")
    assert (answer.status_code, "no item failed" in answer.json["detail"]) == (409, True)


def test_failed_uploads_are_not_retried_but_to_be_uploaded_again(client, ingests):
    with ingests.submission("photos") as staged:
        staged.stage([Item("a.jpg", "upload:1/0", {})])
        job_id = staged.submit()
    settle(ingests, 1)
    answer = client.post(f"/v1/jobs/{job_id}/retry")
    assert (answer.status_code, "upload these images again" in answer.json["detail"]) == (409, True)
    assert [job["id"] for job in client.get("/v1/jobs").json["jobs"]] == [job_id]
