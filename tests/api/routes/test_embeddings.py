"""`POST /v1/embeddings`: inputs are checked, and queued with the searches."""

import base64

import pytest

from shared.domain.answer_json import to_json
from shared.domain.queries import MAX_INPUTS, Term
from shared.domain.search_results import Embedding, EmbeddingResult, EmbeddingTimes

RESULT = to_json(EmbeddingResult([Embedding([1.0, 0.0], None)], "m", 2, EmbeddingTimes(0.1, 0.2)))


def test_inputs_become_a_job(client, searches):
    image = base64.b64encode(b"bytes").decode()
    inputs = [{"text": "a dog"}, {"image": image}, {"image_url": "http://h/x.jpg"}]
    answer = client.post("/v1/embeddings", json={"inputs": inputs, "name": "n"})
    assert answer.status_code == 202
    job = answer.json
    assert (job["kind"], job["collection"], job["name"]) == ("embed", None, "n")
    (claim,) = searches.claim(5).searches
    assert (claim.job_id, claim.kind) == (job["id"], "embed")
    assert claim.query.terms == (Term("text", "a dog"), Term("image", ""), Term("image_url", "http://h/x.jpg"))
    assert claim.images == {1: b"bytes"}
    searches.complete(claim.job_id, RESULT)
    finished = client.get(f"/v1/jobs/{job['id']}").json
    assert finished["result"]["embeddings"] == [{"embedding": [1.0, 0.0], "error": None}]
    assert [found["id"] for found in client.get("/v1/jobs?kind=embed").json["jobs"]] == [job["id"]]
    assert client.get("/v1/jobs?kind=search").json["jobs"] == []


def test_no_search_can_wait_for_an_embedding(client):
    job_id = client.post("/v1/embeddings", json={"inputs": [{"text": "x"}]}).json["id"]
    answer = client.post("/v1/search", json={"text": "x", "after_job": job_id})
    assert (answer.status_code, "is a search" in answer.json["detail"]) == (422, True)


def test_it_can_be_cancelled(client, searches):
    job_id = client.post("/v1/embeddings", json={"inputs": [{"text": "x"}]}).json["id"]
    assert client.post(f"/v1/jobs/{job_id}/cancel").json["status"] == "cancelled"
    assert searches.claim(5).searches == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"inputs": []}, "/inputs"),
        ({"inputs": [{"text": "x"}] * (MAX_INPUTS + 1)}, "/inputs"),
        ({"inputs": [{"text": "x"}, {}]}, "/inputs/1"),
        ({"inputs": [{"text": "x", "image_url": "http://h/"}]}, "/inputs/0"),
        ({"inputs": [{"text": " "}]}, "/inputs/0/text"),
        ({"inputs": [{"image_url": "ftp://h/"}]}, "/inputs/0/image_url"),
        ({"inputs": [{"photo_id": "a"}]}, "/inputs/0/photo_id"),
        ({"inputs": [{"image": "%"}]}, "/inputs"),
        ({"texts": ["x"]}, "/inputs"),
        ({"inputs": [{"text": "x"}], "timeout_ms": 0}, "/timeout_ms"),
    ],
)
def test_anything_else_is_refused_with_its_place(client, searches, body, pointer):
    answer = client.post("/v1/embeddings", json=body)
    assert answer.status_code == 422
    assert pointer in [fault["pointer"] for fault in answer.json["faults"]]
    assert searches.claim(5).searches == []
