"""Callbacks of new jobs: accepted, or refused by name with nothing stored; their deliveries; the secret of a key."""

import io
import socket

import pytest

from api.app import create_app
from shared.domain.callback import Callback
from shared.domain.deliveries import Attempt
from shared.domain.items import Outcome
from shared.ledger.deliveries import DeliveryLedger, Next
from shared.settings import Settings
from shared.webhook_signing import WebhookSigner, key_id
from tests.api.settling import settle
from tests.pictures import photo
from tests.webhook_receiver import SECRET

# Allowed by the settings of the tests: 127.0.0.0/8.
URL = "http://127.0.0.1:9/hook?token=a%20b"
ITEMS = {"items": [{"photo_id": "a", "url": "http://h/a"}]}
INSIDE = [
    "http://10.0.0.1/hook",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/hook",
    "http://0xa000001/hook",
    "http://[::ffff:10.0.0.1]/hook",
]
NOT_A_URL = [
    "",
    "ftp://example.org/hook",
    "example.org/hook",
    "http://user:pw@example.org/",
    "http:///x",
    "http://a b/",
]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"webhook_secret": Settings(webhook_secret=SECRET).webhook_secret})


@pytest.fixture
def deliveries(connection, settings) -> DeliveryLedger:
    return DeliveryLedger(connection, settings)


def ingest(client, **query):
    return client.post("/v1/ingest", json=ITEMS, query_string=query)


def refused(connection, answer, name: str, place: dict[str, str], *words: str) -> None:
    assert answer.status_code == 422, answer.text
    assert name in answer.json["detail"]
    fault = answer.json["faults"][0]
    assert {part: fault.get(part) for part in place} == place
    for word in words:
        assert word in answer.json["detail"]
    assert connection.keys() == [], "nothing is stored"


def claimed(deliveries) -> Callback:
    claim = deliveries.claim()
    assert claim is not None
    return claim.callback


def finish(ingests) -> None:
    claim = ingests.claim()
    ingests.settle(claim, Outcome(len(claim.items), 0, [], 0, {}))


def test_an_ingest_has_a_callback(client, ingests, deliveries):
    answer = ingest(client, callback_url=URL, callback_events="succeeded,paused")
    assert answer.status_code == 202
    finish(ingests)
    origin = "http://127.0.0.1:9"
    assert claimed(deliveries) == Callback(URL, origin, ("succeeded", "paused"), api="http://localhost", key_id="")


def test_uploads_retries_and_searches_have_one_too(connection, settings, tmp_path, ingests, jobs, deliveries):
    client = create_app(settings.model_copy(update={"uploads_folder": str(tmp_path)})).test_client()
    form = {"images": (io.BytesIO(photo(1)), "a.jpg")}
    upload = client.post("/v1/ingest", data=form, query_string={"callback_url": URL}).json["id"]
    search = client.post("/v1/search", json={"text": "a", "callback_url": URL}).json["id"]
    fields = {"text": "a", "callback_url": URL, "callback_events": '["cancelled"]'}
    in_form = client.post("/v1/search", data=fields, content_type="multipart/form-data").json["id"]
    for job_id in (upload, search, in_form):
        jobs.cancel(job_id)
    failed = ingest(client).json["id"]
    settle(ingests, 1)
    retry = client.post(f"/v1/jobs/{failed}/retry", query_string={"callback_url": URL}).json["id"]
    jobs.cancel(retry)
    for job_id in (upload, search, in_form, retry):
        assert [delivery.event for delivery in deliveries.of_job(job_id)] == ["cancelled"]


@pytest.mark.parametrize("url", [*INSIDE, *NOT_A_URL])
def test_an_ingest_with_a_callback_that_points_inside_or_nowhere_is_refused(client, connection, url):
    refused(connection, ingest(client, callback_url=url), "callback_url", {"parameter": "callback_url"})


@pytest.mark.parametrize("url", [*INSIDE, *NOT_A_URL])
def test_a_search_with_such_a_callback_is_refused(client, connection, url):
    answer = client.post("/v1/search", json={"text": "a", "callback_url": url})
    refused(connection, answer, "callback_url", {"pointer": "/callback_url"})


def test_control_an_address_that_is_allowed_is_accepted(connection, settings):
    everything = settings.model_copy(update={"fetch_allow": ("0.0.0.0/0", "::/0")})
    client = create_app(everything).test_client()
    for url in INSIDE:
        assert ingest(client, callback_url=url).status_code == 202


def test_a_name_that_leads_inside_is_refused_and_one_that_does_not_resolve_is_not(client, connection, monkeypatch):
    def getaddrinfo(host, port, *_, **__):
        if host == "nowhere.example":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", port)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", port)),
        ]

    # Redis is connected to already.
    connection.ping()
    client.get("/v1/jobs")
    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    answer = ingest(client, callback_url="https://inside.example/hook")
    refused(connection, answer, "callback_url", {"parameter": "callback_url"}, "LICHTBILD_FETCH_ALLOW")
    assert ingest(client, callback_url="https://nowhere.example/hook").status_code == 202


def test_without_a_secret_callbacks_are_refused(connection, settings):
    client = create_app(settings.model_copy(update={"webhook_secret": ()})).test_client()
    words = "LICHTBILD_WEBHOOK_SECRET"
    refused(connection, ingest(client, callback_url=URL), "callback_url", {"parameter": "callback_url"}, words)
    answer = client.post("/v1/search", json={"text": "a", "callback_url": URL})
    refused(connection, answer, "callback_url", {"pointer": "/callback_url"}, words)
    assert ingest(client).status_code == 202


@pytest.mark.parametrize("events", ["", "done", "succeeded,", "succeeded, failed", "queued"])
def test_events_that_there_are_not_are_refused(client, connection, events):
    answer = ingest(client, callback_url=URL, callback_events=events)
    refused(connection, answer, "callback_events", {"parameter": "callback_events"})
    answer = client.post("/v1/search", json={"text": "a", "callback_url": URL, "callback_events": events.split(" ")})
    refused(connection, answer, "callback_events", {})


def test_events_without_a_url_are_refused(client, connection):
    place = {"parameter": "callback_events"}
    refused(connection, ingest(client, callback_events="failed"), "callback_events", place, "callback_url")


def test_a_key_that_comes_again_with_another_callback_is_refused(client):
    def send(**query) -> tuple[int, str]:
        answer = client.post("/v1/ingest", json=ITEMS, query_string=query, headers={"Idempotency-Key": "k"})
        return answer.status_code, answer.json.get("id", answer.json.get("detail"))

    status, job_id = send(callback_url=URL, name="a name")
    assert status == 202
    assert send(callback_url=URL, name="a name") == (202, job_id)
    for other in ({}, {"callback_url": URL}, {"callback_url": URL, "callback_events": "failed", "name": "a name"}):
        assert send(**other)[0] == 422


def test_too_many_waiting_webhooks_are_429_until_some_are_delivered(connection, settings, jobs, deliveries):
    client = create_app(settings.model_copy(update={"max_waiting_deliveries": 2})).test_client()
    for _ in range(2):
        jobs.cancel(ingest(client, callback_url=URL).json["id"])
    before = set(connection.keys())
    for answer in (
        ingest(client, callback_url=URL),
        client.post("/v1/search", json={"text": "a", "callback_url": URL}),
    ):
        assert (answer.status_code, answer.json["code"]) == (429, "overloaded")
        assert "LICHTBILD_MAX_WAITING_DELIVERIES" in answer.json["detail"]
    assert set(connection.keys()) == before
    assert ingest(client).status_code == 202
    claim = deliveries.claim()
    assert deliveries.settle(claim, None, Next("delivered"))
    assert ingest(client, callback_url=URL).status_code == 202


def test_deliveries_are_listed_with_their_attempts(client, ingests, deliveries):
    job_id = ingest(client, callback_url=URL).json["id"]
    assert client.get(f"/v1/jobs/{job_id}/deliveries").json == {"deliveries": []}
    finish(ingests)
    (waiting,) = client.get(f"/v1/jobs/{job_id}/deliveries").json["deliveries"]
    assert (waiting["status"], waiting["attempts"]) == ("waiting", [])
    assert waiting["next_attempt_at"] == waiting["created_at"]
    claim = deliveries.claim()
    deliveries.settle(claim, Attempt(claim.claimed, 10.0, None, "timeout"), Next(delay_seconds=100))
    (delivery,) = client.get(f"/v1/jobs/{job_id}/deliveries").json["deliveries"]
    assert (delivery["id"], delivery["event"], delivery["url"]) == (f"msg_{job_id}_1", "succeeded", URL)
    (attempt,) = delivery["attempts"]
    assert (attempt["status_code"], attempt["error"], attempt["seconds"]) == (None, "timeout", 10.0)
    assert delivery["next_attempt_at"] > attempt["at"]


def test_deliveries_of_an_unknown_job_are_not_found(client):
    assert client.get("/v1/jobs/nobody/deliveries").status_code == 404


def test_deliveries_outlive_their_search(client, jobs, connection):
    job_id = client.post("/v1/search", json={"text": "a", "callback_url": URL}).json["id"]
    jobs.cancel(job_id)
    connection.delete(f"lichtbild:job:{job_id}")
    assert client.get(f"/v1/jobs/{job_id}").status_code == 404
    assert len(client.get(f"/v1/jobs/{job_id}/deliveries").json["deliveries"]) == 1


def test_each_key_has_its_own_secret_and_its_jobs_are_signed_with_it(connection, settings, jobs, deliveries):
    keys = Settings(api_keys="first,second").api_keys
    client = create_app(settings.model_copy(update={"api_keys": keys})).test_client()
    signer = WebhookSigner.from_settings(settings)
    secrets = {}
    for key in ("first", "second"):
        headers = {"Authorization": f"Bearer {key}"}
        answer = client.get("/v1/webhook-secret", headers=headers)
        assert answer.headers["Cache-Control"] == "no-store"
        secrets[key] = answer.json["secret"]
        job_id = client.post("/v1/search", json={"text": "a", "callback_url": URL}, headers=headers).json["id"]
        jobs.cancel(job_id)
        claim = deliveries.claim()
        assert claim.callback.key_id == key_id(key)
        assert signer.secret(claim.callback.key_id) == secrets[key]
        deliveries.settle(claim, None, Next("delivered"))
    assert len({*secrets.values(), SECRET}) == 3
    assert not any(key.encode() in value for key in ("first", "second") for value in dump(connection))
    assert client.get("/v1/webhook-secret").status_code == 401


def test_the_secret_of_the_setting_is_not_shown(client, connection, settings):
    answer = client.get("/v1/webhook-secret")
    assert answer.status_code == 404
    assert SECRET not in answer.text
    off = create_app(settings.model_copy(update={"webhook_secret": ()})).test_client()
    assert off.get("/v1/webhook-secret").status_code == 404


def dump(connection) -> list[bytes]:
    """Every value in Redis, serialized."""
    return [connection.dump(key) or b"" for key in connection.scan_iter()]
