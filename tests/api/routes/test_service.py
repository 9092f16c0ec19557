"""Health, samples, access, and what happens when Redis or the catalogue is away."""

import pytest
from pydantic import SecretStr

from api.app import create_app
from shared.domain.items import Outcome
from shared.ledger.ingest import IngestLedger
from shared.ledger.presence import Presence


def test_alive_and_ready(client, connection):
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"] == {"redis": True, "catalogue": True, "search_worker": False, "ingest_worker": False}
    assert answer.json["workers"] == []
    for queue in ("search", "ingest"):
        Presence(connection).announce(queue, f"{queue}-1", {"model": "m", "dimension": 4, "batch_size": 8})
    answer = client.get("/readyz")
    assert answer.status_code == 200
    facts = {"model": "m", "dimension": 4, "batch_size": 8}
    assert answer.json["workers"] == [{"name": f"{queue}-1", "queue": queue, **facts} for queue in ("search", "ingest")]


def test_ready_tells_what_waits(client, connection, settings):
    def backlog() -> dict[str, int]:
        return client.get("/readyz").json["backlog"]

    assert backlog() == {"jobs": 0, "items": 0, "held": 0, "searches": 0}
    ingests = IngestLedger(connection, settings.model_copy(update={"chunk_size": 2}))
    for job in range(2):
        items = [{"id": f"p{n}", "url": f"http://h/{n}"} for n in range(settings.chunk_size + job)]
        client.post("/v1/ingest", json={"items": items})
    client.post("/v1/search", json={"text": "x"})
    waiting = 2 * settings.chunk_size + 1
    assert backlog() == {"jobs": 2, "items": waiting, "held": 0, "searches": 1}

    # All chunks of a job are claimed: its items are not settled yet.
    claims = [claim for _ in range(3) if (claim := ingests.claim())]
    assert backlog() == {"jobs": 2, "items": waiting, "held": 3, "searches": 1}
    for claim in claims:
        ingests.settle(claim, Outcome(len(claim.items), 0, [], 0, {}))
    assert backlog() == {"jobs": 0, "items": 0, "held": 0, "searches": 1}


@pytest.fixture
def without_redis(settings):
    return create_app(
        settings.model_copy(update={"redis_url": SecretStr("redis://:hunter2@127.0.0.1:1/0")})
    ).test_client()


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.post("/v1/ingest", json={"items": [{"id": "a", "url": "http://h/"}]}),
        lambda client: client.post("/v1/search", json={"text": "x"}),
        lambda client: client.get("/v1/jobs/x"),
        lambda client: client.get("/v1/jobs"),
    ],
)
def test_redis_away_is_503_with_retry_after(without_redis, call):
    answer = call(without_redis)
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert int(answer.headers["Retry-After"]) > 0
    assert "hunter2" not in answer.text


def test_alive_without_redis_but_not_ready(without_redis):
    assert without_redis.get("/healthz").status_code == 200
    answer = without_redis.get("/readyz").json
    assert answer["checks"]["redis"] is False
    assert (answer["workers"], answer["backlog"]) == ([], None)


def test_the_catalogue_away_is_503(settings, connection):
    url = SecretStr("clickhouse://default:hunter2@127.0.0.1:1/default")
    client = create_app(settings.model_copy(update={"catalogue_url": url})).test_client()
    answer = client.get("/v1/photos/x")
    assert (answer.status_code, answer.json["type"]) == (503, "urn:lichtbild:unavailable")
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "localhost:8080", "127.0.0.1", "127.5.5.5:1", "[::1]:8080"])
def test_loopback_hosts_are_served(client, host):
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[::2]"]
)
def test_foreign_hosts_are_refused(client, host):
    assert client.get("/v1/jobs", headers={"Host": host}).status_code == 403


def test_a_host_can_be_allowed(settings):
    client = create_app(settings.model_copy(update={"allowed_hosts": ("photos.example",)})).test_client()
    assert client.get("/healthz", headers={"Host": "photos.example:443"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "other.example"}).status_code == 403


@pytest.mark.parametrize(("origin", "status"), [("http://localhost", 200), ("http://evil.example", 403), ("null", 403)])
def test_foreign_pages_are_refused(client, origin, status):
    assert client.get("/healthz", headers={"Origin": origin}).status_code == status


def test_keys_are_asked_for_where_set(settings, connection):
    client = create_app(settings.model_copy(update={"api_keys": (SecretStr("k1"), SecretStr("k2"))})).test_client()
    assert client.get("/healthz").status_code == 200
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic k1"}):
        answer = client.get("/v1/jobs", headers=headers)
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert client.get("/v1/jobs", headers={"Authorization": "Bearer k2"}).status_code == 200


def test_samples_are_served_from_their_folder_and_nowhere_else(settings, tmp_path):
    folder = tmp_path / "samples"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"jpeg")
    (tmp_path / "secret").write_text("secret")
    client = create_app(settings.model_copy(update={"samples_folder": str(folder)})).test_client()
    answer = client.get("/samples/a.jpg")
    assert (answer.data, answer.content_type) == (b"jpeg", "image/jpeg")
    for path in ("missing.jpg", "../secret", "%2e%2e/secret", "..%2fsecret"):
        assert client.get(f"/samples/{path}").status_code == 404


def test_without_a_folder_there_are_no_samples(client):
    assert client.get("/samples/a.jpg").status_code == 404


@pytest.mark.parametrize(("method", "path", "status"), [("get", "/nowhere", 404), ("delete", "/v1/jobs", 405)])
def test_errors_of_the_framework_are_problems_too(client, method, path, status):
    answer = getattr(client, method)(path)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert path in answer.json["detail"]
    assert ("GET" in answer.json["detail"]) == (status == 405)
