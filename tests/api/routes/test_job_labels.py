"""Jobs with a name and metadata."""

import io
import json

import pytest

from shared.domain.items import Failure, Outcome
from tests.pictures import photo

ITEMS = {"items": [{"photo_id": "a", "url": "http://h/a"}]}
METADATA = {"order": 7, "tags": ["ü", None]}


def test_an_ingest_keeps_them(client):
    query = {"name": "holiday 2024 ü", "metadata": json.dumps(METADATA)}
    job_id = client.post("/v1/ingest", query_string=query, json=ITEMS).json["id"]
    for job in (client.get(f"/v1/jobs/{job_id}").json, client.get("/v1/jobs").json["jobs"][0]):
        assert (job["name"], job["metadata"]) == ("holiday 2024 ü", METADATA)


def test_a_search_has_them_in_its_body(client):
    job = client.post("/v1/search", json={"text": "x", "name": "n", "metadata": METADATA}).json
    form = {"text": "x", "name": "n", "metadata": json.dumps(METADATA), "image": (io.BytesIO(photo()), "i.jpg")}
    from_form = client.post("/v1/search", data=form).json
    assert [(found["name"], found["metadata"]) for found in (job, from_form)] == [("n", METADATA)] * 2


def test_a_job_without_them_has_no_name_and_empty_metadata(client):
    job = client.post("/v1/ingest", json=ITEMS).json
    assert (job["name"], job["metadata"]) == (None, {})


def test_jobs_are_listed_by_name_page_by_page(client):
    named = [client.post(f"/v1/ingest?name={name}", json=ITEMS).json["id"] for name in ("a", "b", "a", "a", "b")]
    client.post("/v1/ingest", json=ITEMS)
    first = client.get("/v1/jobs?name=a&limit=2").json
    second = client.get(f"/v1/jobs?name=a&limit=2&cursor={first['next_cursor']}").json
    assert [job["id"] for job in first["jobs"] + second["jobs"]] == [named[3], named[2], named[0]]
    assert client.get("/v1/jobs?name=c").json["jobs"] == []


def test_a_retry_keeps_them(client, ingests):
    job_id = client.post("/v1/ingest?name=n&metadata=%7B%22a%22:1%7D", json=ITEMS).json["id"]
    claim = ingests.claim()
    ingests.settle(claim, Outcome(0, 0, [Failure(claim.items[0], "http_404", "", 1)], 0, {}))
    retried = client.post(f"/v1/jobs/{job_id}/retry", headers={"X-Request-ID": "mine"}).json
    assert (retried["name"], retried["metadata"], retried["request_id"]) == ("n", {"a": 1}, "mine")


def test_they_are_part_of_what_an_idempotency_key_stands_for(client):
    def status(query: str) -> int:
        return client.post(f"/v1/ingest?{query}", json=ITEMS, headers={"Idempotency-Key": "k"}).status_code

    assert [status(query) for query in ("name=a", "name=a", "name=b")] == [202, 202, 422]


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ({"name": ""}, "empty"),
        ({"name": "two\nlines"}, "one line"),
        ({"name": "x" * 257}, "256"),
        ({"metadata": "x"}, "JSON object"),
        ({"metadata": "[1]"}, "dictionary"),
        ({"metadata": '{"a": NaN}'}, "finite"),
        ({"metadata": json.dumps({"a": "x" * 4096})}, "4096"),
        ({"metadata": '{"a":' * 3000 + "1" + "}" * 3000}, "metadata"),
    ],
)
def test_labels_out_of_bounds_are_refused_with_the_parameter(client, query, word):
    answer = client.post("/v1/ingest", query_string=query, json=ITEMS)
    assert (answer.status_code, answer.json["faults"][0]["parameter"]) == (422, *query)
    assert word in answer.json["detail"]


@pytest.mark.parametrize("labels", [{"name": "\ud800"}, {"name": 7}, {"metadata": []}, {"metadata": {"a": "x" * 5000}}])
def test_those_of_a_search_likewise(client, labels):
    answer = client.post("/v1/search", json={"text": "x", **labels})
    assert answer.status_code in (400, 422)
    assert client.get("/v1/jobs?kind=search").json["jobs"] == []
