"""The client's searches: what is sent, and the hits that are read."""

import base64
import json
from pathlib import Path

import pytest

from lichtbild import Client, JobFailed, StillRunning
from tests.lichtbild.fake_api import FakeApi, Reply, hit, search_job


def test_a_search_waits_with_the_request_and_returns_the_hits(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/search", Reply(search_job(hit("a/b", 0.25, description="a man"), hit("c", 0.5))))

    result = client.search("a man", photo_id="a/b", top_k=2, terms=[{"text": "people", "weight": -0.5}], timeout=7)

    assert [(found.photo_id, found.distance) for found in result.hits] == [("a/b", 0.25), ("c", 0.5)]
    assert result.hits[0].attributes == {"description": "a man"}
    assert result.took_ms == {"queue": 1.0, "encode": 2.0, "search": 3.5}
    sent = api.calls("POST", "/v1/search")[0]
    assert sent.headers["Prefer"] == "wait=7"
    assert json.loads(sent.body) == {
        "text": "a man",
        "photo_id": "a/b",
        "terms": [{"text": "people", "weight": -0.5}],
        "top_k": 2,
        "timeout_ms": 7000,
        "collection": "photos",
    }


def test_every_option_of_a_search_is_sent_and_every_field_of_its_hits_is_read(api: FakeApi, client: Client) -> None:
    similar = {"photo_id": "b", "url": "/thumbnails/b", "distance": 0.26, "attributes": {}}
    job = search_job(hit("a") | {"similar": [similar], "embedding": [0.6, 0.8]})
    job["result"] |= {"weights": [1.0], "pending_photos": 7}
    api.on("POST", "/v1/search", Reply(job))

    result = client.search(
        "x",
        offset=5,
        filter={"width": {"gte": 2000}},
        max_distance=0.9,
        group_distance=0.0,
        exact=True,
        embedding=True,
        after_job="i1",
    )

    assert (result.weights, result.pending_photos) == ((1.0,), 7)
    (found,) = result.hits
    assert found.embedding == (0.6, 0.8)
    assert [(photo.photo_id, photo.url) for photo in found.similar] == [("b", f"{api.url}/thumbnails/b")]
    sent = json.loads(api.calls("POST", "/v1/search")[0].body)
    assert sent == {
        "text": "x",
        "top_k": 5,
        "offset": 5,
        "filter": {"width": {"gte": 2000}},
        "max_distance": 0.9,
        "group_distance": 0.0,
        "exact": True,
        "include": ["embedding"],
        "after_job": "i1",
        "timeout_ms": 30000,
        "collection": "photos",
    }


def test_a_search_that_takes_longer_is_polled_until_it_has_ended(api: FakeApi, client: Client, pauses: list) -> None:
    api.on("POST", "/v1/search", Reply(search_job(status="queued"), 202))
    api.on("GET", "/v1/jobs/s1", Reply(search_job(status="running")), Reply(search_job(hit("late"))))

    assert [found.photo_id for found in client.search("x").hits] == ["late"]
    # An API that responds immediately in spite of `wait` is not polled in a tight loop.
    assert [pause > 0.3 for pause in pauses] == [True]


@pytest.mark.parametrize("given", ["path", "text path", "bytes"])
def test_an_image_is_sent_as_its_bytes(api: FakeApi, client: Client, tmp_path: Path, given: str) -> None:
    api.on("POST", "/v1/search", Reply(search_job()))
    path = tmp_path / "query.jpg"
    path.write_bytes(b"\xff\xd8picture")

    client.search(image={"path": path, "text path": str(path), "bytes": path.read_bytes()}[given])

    assert base64.b64decode(json.loads(api.seen[0].body)["image"]) == b"\xff\xd8picture"


def test_an_image_url_is_left_for_the_worker_to_fetch(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/search", Reply(search_job()))

    client.search(image="https://example.org/a.jpg")

    assert json.loads(api.seen[0].body)["image_url"] == "https://example.org/a.jpg"


def test_a_search_that_failed_raises_its_code(api: FakeApi, client: Client) -> None:
    error = {"code": "not_an_image", "detail": "These bytes are not an image."}
    api.on("POST", "/v1/search", Reply(search_job(status="failed", error=error)))

    with pytest.raises(JobFailed, match="These bytes are not an image") as raised:
        client.search(image=b"text")

    assert (raised.value.code, raised.value.job.id) == ("not_an_image", "s1")


def test_a_search_past_its_deadline_is_left_running(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/search", Reply(search_job(status="queued"), 202))
    api.on("GET", "/v1/jobs/s1", Reply(search_job(status="running")))

    with pytest.raises(StillRunning, match="s1") as raised:
        client.search("x", timeout=0.05)

    assert raised.value.job_id == "s1"


def test_a_result_has_the_length_and_the_items_of_its_hits(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/search", Reply(search_job(hit("a"), hit("b"))), Reply(search_job()))

    result = client.search("x")

    assert len(result) == 2
    assert [found.photo_id for found in result] == ["a", "b"]
    assert result[-1].photo_id == "b"
    assert list(client.search("nothing")) == []
