"""Embeddings, batches of searches, labels of jobs, and attributes of a collection."""

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image

from lichtbild import Client, JobError, JobFailed, Tokens
from tests.lichtbild.fake_api import FakeApi, Reply, hit, ingest_job, search_job

GREEN = Image.new("RGB", (3, 2), "#00ff00")


def embedded(*embeddings: dict[str, Any], status: str = "succeeded") -> dict[str, Any]:
    result = {"embeddings": list(embeddings), "model": "m", "dimension": 2, "took_ms": {"queue": 1.0, "encode": 2.0}}
    return search_job(status=status) | {"kind": "embed", "collection": None, "result": result}


def test_texts_and_images_are_embedded_in_this_order(api: FakeApi, client: Client) -> None:
    text = {"embedding": [0.6, 0.8], "error": None, "tokens": {"used": 4, "of": 9}}
    gone = {"embedding": None, "error": {"code": "http_404", "detail": "Not found."}, "tokens": None}
    api.on("POST", "/v1/embeddings", Reply(embedded(text, gone)))

    found = client.embed(["a harbour"], ["http://x/a.jpg", b"picture"], timeout=7)

    assert (len(found), found.model, found.dimension) == (2, "m", 2)
    assert (found[0].vector, found[0].tokens) == ((0.6, 0.8), Tokens(4, 9))
    assert (found[1].vector, found[1].error) == (None, JobError("http_404", "Not found."))
    sent = api.calls("POST", "/v1/embeddings")[0]
    assert sent.headers["Prefer"] == "wait=7"
    assert json.loads(sent.body) == {
        "inputs": [
            {"text": "a harbour"},
            {"image_url": "http://x/a.jpg"},
            {"image": base64.b64encode(b"picture").decode()},
        ],
        "timeout_ms": 7000,
    }


def test_an_embedding_that_failed_raises_its_code(api: FakeApi, client: Client) -> None:
    error = {"code": "timeout", "detail": "Too late."}
    api.on("POST", "/v1/embeddings", Reply(embedded(status="failed") | {"result": None, "error": error}))

    with pytest.raises(JobFailed, match="Too late"):
        client.embed(["x"])


@pytest.mark.parametrize(
    "image",
    [GREEN, GREEN.convert("CMYK"), GREEN.convert("L"), np.asarray(GREEN), np.zeros((2, 3), "uint8")],
    ids=["RGB", "CMYK", "L", "array", "grey array"],
)
def test_a_query_image_may_be_a_pil_image_or_an_array(api: FakeApi, client: Client, image: Any) -> None:
    api.on("POST", "/v1/search", Reply(search_job()))

    client.search(image=image)

    content = base64.b64decode(json.loads(api.seen[0].body)["image"])
    with Image.open(io.BytesIO(content)) as sent:
        assert (sent.format, sent.size) == ("PNG", (3, 2))
        assert image is not GREEN or sent.tobytes() == GREEN.tobytes()


@pytest.mark.parametrize("shape", [(2, 3, 5), (2,), (1, 2, 3, 3)])
@pytest.mark.parametrize("kind", ["uint8", "float32"])
def test_an_array_of_another_form_is_refused(client: Client, shape: tuple[int, ...], kind: str) -> None:
    with pytest.raises(ValueError, match=r"array of uint8 with the shape \(height, width\)"):
        client.search(image=np.zeros(shape, kind))


def test_a_batch_returns_the_ended_jobs_in_its_order(api: FakeApi, client: Client, pauses: list) -> None:
    error = {"code": "not_an_image", "detail": "No."}
    first, second = search_job(status="running") | {"id": "s1"}, search_job(status="failed", error=error) | {"id": "s2"}
    api.on("POST", "/v1/search/batch", Reply({"jobs": [first, second]}, 202))
    api.on("GET", "/v1/jobs/s1", Reply(search_job(hit("a"))))

    jobs = client.search_batch([{"text": "a", "top_k": 3, "name": "n"}, {"image": b"x", "exact": True}], timeout=9)

    assert [(job.id, job.status) for job in jobs] == [("s1", "succeeded"), ("s2", "failed")]
    assert [found.photo_id for found in jobs[0].result] == ["a"]
    assert (jobs[1].result, jobs[1].error) == (None, JobError("not_an_image", "No."))
    assert json.loads(api.calls("POST", "/v1/search/batch")[0].body) == {
        "searches": [
            {"text": "a", "top_k": 3, "name": "n", "timeout_ms": 9000},
            {"image": base64.b64encode(b"x").decode(), "exact": True, "timeout_ms": 9000},
        ]
    }


def test_a_job_has_its_name_and_metadata(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/search", Reply(search_job()))
    api.on("GET", "/v1/jobs/s1", Reply(search_job() | {"name": "n", "metadata": {"order": 7}}))

    client.search("x", name="n", metadata={"order": 7})
    job = client.job("s1")

    sent = json.loads(api.seen[0].body)
    assert (sent["name"], sent["metadata"]) == ("n", {"order": 7})
    assert (job.name, job.metadata) == ("n", {"order": 7})


def test_an_ingest_sends_its_labels_and_its_webhook(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))

    client.ingest(["http://x/a"], name="n", metadata={"order": 7}, callback_url="https://example.org/hook")

    query = api.seen[0].query
    assert (query["name"], json.loads(query["metadata"])) == ("n", {"order": 7})
    assert query["callback_url"] == "https://example.org/hook"


def test_the_attributes_of_a_collection_are_read(api: FakeApi, client: Client) -> None:
    place = {"name": "place", "kind": "text", "photos": 3, "kinds": {"text": 3}, "distinct_values": 2}
    place |= {"values": [{"value": "Sylt", "photos": 2}, {"value": "Rom", "photos": 1}], "min": None, "max": None}
    body = {"photos": 4, "sampled_photos": 4, "matching_photos": 3, "attributes": [place], "has_more": False}
    api.on("GET", "/v1/collections/mine/attributes", Reply(body))

    found = client.attributes("mine", {"width": {"gte": 2}})

    assert (found.photos, found.matching_photos, found.has_more) == (4, 3, False)
    assert (found.attributes[0].name, found.attributes[0].values) == ("place", {"Sylt": 2, "Rom": 1})
    assert json.loads(api.seen[0].query["filter"]) == {"width": {"gte": 2}}
