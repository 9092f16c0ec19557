"""`POST /v1/search/batch`: several searches in one request, all of them or none."""

import base64
import threading

import pytest

from api.app import create_app
from shared.domain.answer_json import to_json
from shared.domain.queries import MAX_BATCH, Term
from shared.domain.search_results import SearchResult, SearchTimes

NO_HITS = to_json(SearchResult([], [1.0], "model", 0, 0, SearchTimes(0.0, 0.0, 0.0)))


def test_each_search_is_a_job_in_the_order_of_the_request(client, searches):
    image = base64.b64encode(b"bytes").decode()
    batch = [{"text": "a dog", "top_k": 3, "name": "first"}, {"image": image, "collection": "mine"}]
    answer = client.post("/v1/search/batch", json={"searches": batch})
    assert answer.status_code == 202
    assert int(answer.headers["Retry-After"]) >= 1
    first, second = answer.json["jobs"]
    assert [(job["kind"], job["status"], job["name"]) for job in (first, second)] == [
        ("search", "queued", "first"),
        ("search", "queued", None),
    ]
    claims = searches.claim(5).searches
    assert [claim.job_id for claim in claims] == [first["id"], second["id"]]
    assert (claims[0].query.terms, claims[0].query.top_k) == ((Term("text", "a dog"),), 3)
    assert (claims[1].query.collection, claims[1].images) == ("mine", {0: b"bytes"})


def test_with_prefer_wait_the_answer_comes_when_all_have_ended(client, searches):
    answers = []
    body = {"searches": [{"text": str(n)} for n in range(5)]}
    waiting = threading.Thread(
        target=lambda: answers.append(client.post("/v1/search/batch", json=body, headers={"Prefer": "wait=20"}))
    )
    waiting.start()
    claimed = []
    while len(claimed) < 5:
        claimed += searches.claim(5).searches
    for claim in reversed(claimed):
        searches.complete(claim.job_id, NO_HITS)
    waiting.join(20)
    (answer,) = answers
    assert (answer.status_code, answer.headers["Preference-Applied"]) == (200, "wait=20")
    assert {job["status"] for job in answer.json["jobs"]} == {"succeeded"}
    assert "Retry-After" not in answer.headers


@pytest.mark.parametrize(
    ("search", "pointer", "word"),
    [
        ({}, "/searches/1", "at least one of"),
        ({"text": ""}, "/searches/1/text", "empty"),
        ({"text": "x", "topk": 1}, "/searches/1/topk", "Extra"),
        ({"text": "x", "filter": {"a": {"like": 1}}}, "/searches/1/filter", "unknown operator"),
        ({"text": "x", "collection": "A"}, "/searches/1/collection", "lower-case"),
        ({"text": "x", "offset": 5000}, "/searches/1/offset", "at most"),
        ({"text": "x", "after_job": "none"}, "/searches/1/after_job", "no job"),
        ({"text": "x", "callback_url": "http://h/"}, "/searches/1/callback_url", "LICHTBILD_WEBHOOK_SECRET"),
        ({"terms": [{"text": "x"}] * 17}, "/searches/1/terms", "at most 16"),
    ],
)
def test_one_faulty_search_refuses_all_with_its_place(client, searches, search, pointer, word):
    answer = client.post("/v1/search/batch", json={"searches": [{"text": "x"}, search]})
    assert answer.status_code == 422
    (fault,) = answer.json["faults"]
    assert (fault["pointer"], word in fault["message"]) == (pointer, True)
    assert searches.claim(5).searches == []


@pytest.mark.parametrize("count", [0, MAX_BATCH + 1])
def test_a_batch_out_of_bounds_is_refused(client, count):
    assert client.post("/v1/search/batch", json={"searches": [{"text": "x"}] * count}).status_code == 422


def test_a_batch_that_the_queue_has_no_room_for_is_refused_whole(connection, settings, searches):
    client = create_app(settings.model_copy(update={"max_waiting_searches": 4})).test_client()

    def statuses(*counts: int) -> list[int]:
        return [
            client.post("/v1/search/batch", json={"searches": [{"text": "x"}] * count}).status_code for count in counts
        ]

    assert statuses(3, 2, 1, 1, 5) == [202, 429, 202, 429, 422]
    assert len(searches.claim(10).searches) == 4
