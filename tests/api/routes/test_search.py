"""`POST /v1/search`: checked, recorded, answered as soon as a worker has the hits."""

import base64
import io
import threading

import pytest

from api.app import create_app
from shared.domain.answer_json import to_json
from shared.domain.queries import Term
from shared.domain.search_results import SearchResult, SearchTimes
from tests.pictures import photo

NO_HITS = to_json(SearchResult([], [1.0], "model", 0, 0, SearchTimes(0.0, 0.0, 0.0)))


def begun(searches, answer):
    (found,) = searches.claim(5).searches
    assert found.job_id == answer.json["id"]
    return found


def test_a_text_becomes_a_job(client, searches, connection):
    answer = client.post("/v1/search", json={"text": "a dog", "top_k": 7, "collection": "mine"})
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"http://localhost/v1/jobs/{answer.json['id']}"
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


def test_what_is_wanted_of_the_hits(client, searches):
    body = {
        "text": "a dog",
        "top_k": 1000,
        "offset": 4000,
        "filter": {"width": {"gte": 2000}},
        "max_distance": 0.9,
        "group_distance": 0.05,
        "exact": True,
        "include": ["embedding"],
        "timeout_ms": 1500,
    }
    found = begun(searches, client.post("/v1/search", json=body))
    assert 0 < found.left_ms <= 1500
    query = found.query
    assert (query.top_k, query.offset, query.window) == (1000, 4000, 5000)
    assert (query.filter, query.max_distance, query.group_distance) == ({"width": {"gte": 2000}}, 0.9, 0.05)
    assert (query.exact, query.include_embedding) == (True, True)


def test_a_form_says_all_that_json_can(client, searches):
    form = {"text": "a dog", "filter": '{"n": 1}', "offset": "3", "exact": "true", "include": '["embedding"]'}
    found = begun(searches, client.post("/v1/search", data=form, content_type="multipart/form-data"))
    assert (found.query.filter, found.query.offset) == ({"n": 1}, 3)
    assert (found.query.exact, found.query.include_embedding) == (True, True)


def test_a_search_can_wait_for_an_ingest_or_a_deletion(client, searches):
    ingest = client.post("/v1/ingest", json={"items": [{"id": "a", "url": "http://h/a"}]}).json["id"]
    found = begun(searches, client.post("/v1/search", json={"text": "x", "after_job": ingest}))
    assert found.query.after_job == ingest
    assert found.pending_photos == 1


def test_a_search_that_would_wait_in_vain_is_refused(client):
    ingest = client.post("/v1/ingest?collection=other", json={"items": [{"id": "a", "url": "http://h/a"}]}).json["id"]
    search = client.post("/v1/search", json={"text": "x"}).json["id"]
    for job_id, word in (("nonsense", "no job"), (ingest, "'other'"), (search, "search")):
        answer = client.post("/v1/search", json={"text": "x", "after_job": job_id})
        assert answer.status_code == 422
        assert word in answer.json["detail"]


def test_beyond_the_bound_searches_are_refused_until_some_were_taken(connection, settings, searches):
    client = create_app(settings.model_copy(update={"max_waiting_searches": 2})).test_client()
    statuses = [client.post("/v1/search", json={"text": "x"}).status_code for _ in range(2)]
    refused = client.post("/v1/search", json={"text": "x"})
    assert (statuses, refused.status_code) == ([202, 202], 429)
    assert refused.json["type"] == "urn:lichtbild:overloaded"
    assert int(refused.headers["Retry-After"]) >= 1
    assert "LICHTBILD_MAX_WAITING_SEARCHES" in refused.json["detail"]
    searches.claim(1)
    assert client.post("/v1/search", json={"text": "x"}).status_code == 202


def test_many_waiters_are_answered_each_by_its_own_job(client, searches, connection):
    answers = []
    waiters = [
        threading.Thread(
            target=lambda: answers.append(client.post("/v1/search", json={"text": "x"}, headers={"Prefer": "wait=20"}))
        )
        for _ in range(20)
    ]
    for waiter in waiters:
        waiter.start()
    claimed = []
    while len(claimed) < 20:
        claimed += searches.claim(20).searches
    for begun_search in claimed:
        searches.complete(begun_search.job_id, {**NO_HITS, "model": begun_search.job_id})
    for waiter in waiters:
        waiter.join(20)
    assert [answer.json["result"]["model"] == answer.json["id"] for answer in answers] == [True] * 20


def test_with_prefer_wait_the_answer_comes_with_the_hits(client, searches, connection):
    def work() -> None:
        while not (rung := connection.zrange("lichtbild:jobs:search", 0, 0)):
            pass
        searches.complete(rung[0].decode(), NO_HITS)

    worker = threading.Thread(target=work)
    worker.start()
    answer = client.post("/v1/search", json={"text": "x"}, headers={"Prefer": "respond-async, wait=20"})
    worker.join()
    assert answer.status_code == 200
    assert answer.headers["Preference-Applied"] == "wait=20"
    assert (answer.json["status"], answer.json["result"]) == ("succeeded", NO_HITS)


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
        ({"text": "x", "offset": -1}, ["offset", "0"]),
        ({"text": "x", "offset": 4996, "top_k": 5}, ["offset + top_k", "5000"]),
        ({"text": "x", "filter": {"a": {"like": 1}}}, ["filter", "like"]),
        ({"text": "x", "filter": [1]}, ["filter"]),
        ({"text": "x", "max_distance": 3}, ["max_distance", "2"]),
        ({"text": "x", "group_distance": -0.1}, ["group_distance"]),
        ({"text": "x", "include": ["vector"]}, ["include", "embedding"]),
        ({"text": "x", "timeout_ms": 0}, ["timeout_ms"]),
        ({"text": "x", "timeout_ms": 10**9}, ["timeout_ms", "600000"]),
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
