"""`POST /v1/search`: checked, recorded, answered as soon as a worker has the hits."""

import base64
import io
import threading

import pytest

from shared.queries import Term
from tests.pictures import photo


def begun(searches, answer):
    (found,) = searches.take(5).begun
    assert found.job_id == answer.json["id"]
    return found


def test_a_text_becomes_a_job(client, searches, connection):
    answer = client.post("/v1/search", json={"text": "a dog", "top_k": 7, "collection": "mine"})
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/jobs/{answer.json['id']}"
    assert answer.json["kind"] == "search"
    assert connection.llen("lichtbild:celery:search") == 1
    query = begun(searches, answer).query
    assert (query.terms, query.top_k, query.collection) == ((Term("text", "a dog"),), 7, "mine")


def test_text_and_image_are_two_terms_of_equal_weight(client, searches):
    body = {"text": "at night", "image": base64.b64encode(photo(1)).decode()}
    found = begun(searches, client.post("/v1/search", json=body))
    assert found.query.terms == (Term("text", "at night"), Term("image", ""))
    assert found.images == {1: photo(1)}


def test_an_image_can_be_uploaded_as_a_file(client, searches):
    form = {"image": (io.BytesIO(photo(2)), "x.jpg"), "text": "at night", "top_k": "3"}
    found = begun(searches, client.post("/v1/search", data=form))
    assert found.query.terms == (Term("text", "at night"), Term("image", ""))
    assert found.query.top_k == 3
    assert found.images == {1: photo(2)}


def test_weighted_terms(client, searches):
    terms = [{"photo_id": "a/b"}, {"text": "snow", "weight": -0.5}, {"image_url": "http://h/x"}]
    found = begun(searches, client.post("/v1/search", json={"terms": terms}))
    assert found.query.terms == (Term("photo_id", "a/b"), Term("text", "snow", -0.5), Term("image_url", "http://h/x"))


def test_with_prefer_wait_the_answer_comes_with_the_hits(client, searches, connection):
    def work() -> None:
        while not (rung := connection.zrange("lichtbild:jobs:search", 0, 0)):
            pass
        searches.succeed(rung[0].decode(), {"hits": []})

    worker = threading.Thread(target=work)
    worker.start()
    answer = client.post("/v1/search", json={"text": "x"}, headers={"Prefer": "respond-async, wait=20"})
    worker.join()
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=20"
    assert (answer.json["status"], answer.json["result"]) == ("succeeded", {"hits": []})


def test_without_a_worker_waiting_ends_in_202(client):
    answer = client.post("/v1/search", json={"text": "x"}, headers={"Prefer": "wait=0"})
    assert answer.status_code == 202
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, ["at least one"]),
        ({"terms": []}, ["at least one"]),
        ({"text": ""}, ["text", "empty"]),
        ({"text": "  "}, ["text", "empty"]),
        ({"text": 5}, ["text", "string"]),
        ({"text": "x" * 8193}, ["text", "8192"]),
        ({"text": "ü" * 4097}, ["text", "8192"]),
        ({"text": "x", "top_k": 0}, ["top_k", "1"]),
        ({"text": "x", "top_k": 1001}, ["top_k", "1000"]),
        ({"text": "x", "top_k": "5"}, ["top_k", "integer"]),
        ({"text": "x", "topk": 5}, ["topk"]),
        ({"text": "x", "collection": "A B"}, ["collection"]),
        ({"image_url": "file:///etc/passwd"}, ["image_url", "http"]),
        ({"image_url": "http://u:p@h/"}, ["image_url", "user name"]),
        ({"image": "&&&"}, ["base64"]),
        ({"photo_id": "/x"}, ["photo_id"]),
        ({"terms": [{"text": "x", "photo_id": "y"}]}, ["terms.0", "exactly one"]),
        ({"terms": [{"weight": 1}]}, ["terms.0", "exactly one"]),
        ({"terms": [{"text": "x", "weight": 1000}]}, ["terms.0.weight"]),
        ({"terms": [{"text": "x"}] * 17}, ["16"]),
    ],
)
def test_a_bad_query_is_refused_with_a_reason(client, connection, body, words):
    answer = client.post("/v1/search", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.content_type == "application/problem+json"
    for word in words:
        assert word in answer.json["detail"], answer.json["detail"]
    assert connection.keys() == []


def test_malformed_bodies_are_refused(client, connection):
    assert client.post("/v1/search", data=b"{", content_type="application/json").status_code == 400
    assert client.post("/v1/search", data=b"x", content_type="text/plain").status_code == 415
    assert client.post("/v1/search", data={"file": (io.BytesIO(b"x"), "x")}).status_code == 422
    assert (
        client.post("/v1/search", data={"text": "x", "top_k": "many"}, content_type="multipart/form-data").status_code
        == 422
    )
    assert connection.keys() == []


def test_an_image_over_the_limit_is_refused(client, connection, settings):
    content = b"\0" * (settings.max_image_bytes + 1)
    for answer in (
        client.post("/v1/search", json={"image": base64.b64encode(content).decode()}),
        client.post("/v1/search", data={"image": (io.BytesIO(content), "x")}),
        client.post("/v1/search", data=b"x" * (settings.max_image_bytes * 3), content_type="application/json"),
    ):
        assert answer.status_code == 413
        assert answer.json["type"] == "urn:lichtbild:too_large"
    assert connection.keys() == []
