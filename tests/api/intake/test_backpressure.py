"""Too much waits, or Redis is nearly full: new items are refused, and nothing of them is left."""

import json
import os

import pytest

from api.app import create_app
from api.intake import staging as intake
from tests.api.settling import settle

MEGABYTE = 2**20


def body(count: int) -> dict[str, list[dict[str, str]]]:
    return {"items": [{"id": f"p{n}", "url": f"http://h/{n}"} for n in range(count)]}


@pytest.fixture(autouse=True)
def looking_all_the_time(monkeypatch):
    monkeypatch.setattr(intake, "_SECONDS_BETWEEN_CHECKS", 0.0)


@pytest.fixture
def redis_with_little_room(connection):
    used = connection.info("memory")["used_memory"]
    connection.config_set("maxmemory", used + 5 * MEGABYTE)
    yield
    connection.config_set("maxmemory", 0)


def test_a_backlog_over_its_limit_is_429_until_it_is_done(connection, settings, ingests):
    client = create_app(settings.model_copy(update={"max_pending_items": 15})).test_client()
    assert client.post("/v1/ingest", json=body(10)).status_code == 202
    before = set(connection.keys())
    answer = client.post("/v1/ingest", json=body(10))
    assert (answer.status_code, answer.json["type"]) == (429, "urn:lichtbild:overloaded")
    assert int(answer.headers["Retry-After"]) > 0
    assert "LICHTBILD_MAX_PENDING_ITEMS" in answer.json["detail"]
    assert set(connection.keys()) == before
    settle(ingests, 0)
    assert client.post("/v1/ingest", json=body(10)).status_code == 202


def test_redis_over_its_limit_is_503(connection, settings):
    client = create_app(settings.model_copy(update={"max_redis_bytes": 1})).test_client()
    answer = client.post("/v1/ingest", json=body(1))
    assert (answer.status_code, answer.json["type"]) == (503, "urn:lichtbild:unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert connection.keys() == []


@pytest.mark.usefixtures("redis_with_little_room")
def test_a_list_that_would_fill_redis_is_refused_before_it_does(client, connection):
    items = ({"id": f"p{n}", "url": "http://h/", "attributes": {"noise": os.urandom(2500).hex()}} for n in range(4000))
    lines = (json.dumps(item).encode() + b"\n" for item in items)
    answer = client.post("/v1/ingest", data=b"".join(lines), content_type="application/x-ndjson")
    assert answer.status_code == 503
    assert "MAX_REDIS_BYTES" in answer.json["detail"]
    assert connection.keys() == []
    assert client.post("/v1/ingest", json=body(10)).status_code == 202
