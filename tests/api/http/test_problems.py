"""A problem has a code, and lists every fault of a query or body with its place."""

import pytest


def places(answer) -> list[str]:
    assert answer.status_code == 422
    return [fault.get("pointer", fault.get("parameter")) for fault in answer.json["faults"]]


@pytest.mark.parametrize("path", ["/v1/jobs/none", "/nowhere", "/v1/jobs?limit=x", "/v1/search"])
def test_the_code_is_the_last_part_of_the_type(client, path):
    body = client.get(path).json
    assert body["type"] == f"urn:lichtbild:{body['code']}"


def test_all_faults_of_a_query_are_listed(client):
    answer = client.get("/v1/jobs?x=1&limit=0&kind=ingest&kind=search&status=odd")
    assert sorted(places(answer)) == ["kind", "limit", "status", "x"]
    assert answer.json["detail"].startswith("Unknown query parameter 'x'")


def test_a_header_is_named(client):
    answer = client.post("/v1/ingest", json={"items": []}, headers={"Idempotency-Key": "ä"})
    assert places(answer) == ["Idempotency-Key"]


def test_all_faults_of_a_search_are_listed(client):
    body = {"top_k": 0, "terms": [{"text": "a", "weight": 1000}, {"text": 1}], "a/b~": 1}
    assert set(places(client.post("/v1/search", json=body))) == {
        "/top_k",
        "/terms/0/weight",
        "/terms/1/text",
        "/a~1b~0",
    }


def test_at_most_a_hundred_are(client):
    answer = client.post("/v1/search", json={"terms": [{"text": 1}] * 150})
    assert len(answer.json["faults"]) == 100


def test_all_faults_of_all_faulty_items_are_listed(client):
    good, bad = {"id": "a", "url": "http://h/"}, {"id": "/x", "url": "ftp://h/"}
    faulty = {f"/items/{number}/{field}" for number in (1, 2) for field in ("photo_id", "url")}
    assert set(places(client.post("/v1/ingest", json={"items": [good, bad, bad]}))) == faulty
    lines = '{"id": "a", "url": "http://h/"}\n{"id": "b"}\n'
    assert places(client.post("/v1/ingest", data=lines, content_type="application/x-ndjson")) == ["/1/url"]


def test_other_problems_have_none(client):
    assert "faults" not in client.get("/v1/jobs/none").json
