"""The main job through the real parts: processes, Redis, catalogue, HTTP."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from shared.settings import Settings
from tests.gate import Gate
from tests.image_server import EVERY_ADDRESS, Answer, ImageServer, serving
from tests.pictures import photo
from tests.stack import CHUNK, WORKERS, wait_for
from worker.images.decoder import decode
from worker.ingest.job_slots import CHUNKS_PER_JOB
from worker.model.encoder import ClipEncoder

ALL_LANES = WORKERS * CHUNKS_PER_JOB


@pytest.fixture
def images() -> Iterator[ImageServer]:
    with serving(EVERY_ADDRESS) as server:
        server.default = photo_at
        yield server


def items(server: ImageServer, count: int) -> list[dict[str, Any]]:
    """Photos on several hosts from the fetcher's point of view: a slow host does not delay the others."""
    hosts = ["127.0.0.1", "127.0.0.2"] + ["127.0.0.3"] * (count // CHUNK)
    urls = (f"http://{hosts[n // CHUNK]}:{server.port}/{n}.jpg" for n in range(count))
    return [{"id": f"p/{n}", "url": url, "attributes": {"n": n}} for n, url in enumerate(urls)]


def number(path: str) -> int:
    return int(path.strip("/").removesuffix(".jpg"))


def photo_at(path: str) -> bytes:
    return photo(number(path))


def gate(images: ImageServer, held: Callable[[int], bool]) -> Gate:
    """Photos by number; the held ones arrive slowly until the gate opens."""
    return Gate(images, photo_at, lambda path: held(number(path)))


def test_ingest_then_search_by_text_by_image_and_by_both(lichtbild, images, collection, settings):
    def answer(path: str) -> bytes | int | Answer:
        n = number(path)
        return 404 if n % 10 == 3 else b"<html>" if n % 10 == 4 else photo(n)

    images.default = answer
    job = lichtbild.finished(lichtbild.ingest(items(images, 60), collection))
    assert job["status"] == "succeeded"
    assert {key: job["progress"][key] for key in ("total", "stored", "failed", "pending")} == {
        "total": 60,
        "stored": 48,
        "failed": 12,
        "pending": 0,
    }
    failed = lichtbild.errors(job["id"])
    assert {(item["photo_id"], item["code"]) for item in failed} == {
        (f"p/{n}", "http_404" if n % 10 == 3 else "not_an_image") for n in range(60) if n % 10 in (3, 4)
    }
    assert lichtbild.get(f"/v1/collections/{collection}")["photos"] == 48

    # The vectors are those of their own photos, and a search by a photo finds it first.
    encoder = ClipEncoder(Settings(model=settings.model))
    stored = lichtbild.get(f"/v1/photos/p%2F7?collection={collection}&include=embedding")
    assert (stored["url"], stored["attributes"]) == (f"{images.url}/7.jpg", {"n": 7})
    image = encoder.encode_images([encoder.prepare(decode(photo(7), 10**8))])[0]
    assert np.array(stored["embedding"]) @ image >= 0.9999
    for query in ({"photo_id": "p/7"}, {"image_url": f"{images.url}/7.jpg"}):
        hits = lichtbild.search(**query, collection=collection)["result"]["hits"]
        assert hits[0]["photo_id"] == "p/7"
        assert hits[0]["distance"] <= 1e-4
        assert len(hits) == 5

    # Text and image together are the normalised mean of both, against every stored vector.
    text = encoder.encode_texts(["a dog"])[0]
    mean = (text + image) / np.linalg.norm(text + image)
    result = lichtbild.search(text="a dog", photo_id="p/7", top_k=48, collection=collection)["result"]
    for hit in result["hits"]:
        n = hit["attributes"]["n"]
        vector = encoder.encode_images([encoder.prepare(decode(photo(n), 10**8))])[0]
        assert hit["distance"] == pytest.approx(1 - float(mean @ vector), abs=1e-3)
        assert hit["similarities"] == pytest.approx([float(text @ vector), float(image @ vector)], abs=1e-3)
    assert result["searchable_photos"] == 48
    assert set(result["took_ms"]) == {"queue", "encode", "search"}


def test_a_job_whose_host_is_slow_delays_no_other(lichtbild, images, collection):
    with gate(images, lambda n: n >= CHUNK):
        # More chunks than all workers claim of one job at a time.
        count = (ALL_LANES + 4) * CHUNK
        slow = [
            item | {"url": f"http://127.0.0.3:{images.port}/{n}.jpg"} for n, item in enumerate(items(images, count))
        ]
        slow_id = lichtbild.ingest(slow[CHUNK:], collection)
        wait_for(lambda: lichtbild.held() == ALL_LANES, "the workers to claim all chunks that they can of a job")

        quick = lichtbild.finished(lichtbild.ingest(items(images, CHUNK), collection), 30)

        assert (quick["status"], quick["progress"]["stored"]) == ("succeeded", CHUNK)
        assert lichtbild.look(slow_id)["progress"]["stored"] == 0
    assert lichtbild.finished(slow_id)["progress"]["stored"] == count - CHUNK


def test_an_uploaded_image_that_is_none_fails_its_search_and_nothing_else(lichtbild, images, collection):
    lichtbild.finished(lichtbild.ingest(items(images, 3), collection))
    form = {"image": ("x.jpg", b"not an image"), "collection": (None, collection)}
    answer = lichtbild.post("/v1/search", files=form, headers={"Prefer": "wait=30"})
    assert (answer.status_code, answer.json()["status"]) == (200, "failed")
    assert answer.json()["error"]["code"] == "not_an_image"
    upload = {"image": ("x.jpg", photo(2)), "collection": (None, collection), "top_k": (None, "1")}
    answer = lichtbild.post("/v1/search", files=upload, headers={"Prefer": "wait=30"})
    assert answer.json()["result"]["hits"][0]["photo_id"] == "p/2"


def test_an_embedding_has_the_vector_that_an_ingest_stores_and_a_batch_finds_it(lichtbild, images, collection):
    lichtbild.finished(lichtbild.ingest(items(images, 3), collection))
    inputs = [{"image_url": f"{images.url}/2.jpg"}, {"image_url": "http://10.1.2.3/x.jpg"}, {"text": "a dog"}]
    answer = lichtbild.post("/v1/embeddings", json={"inputs": inputs}, headers={"Prefer": "wait=30"})
    assert (answer.status_code, answer.json()["status"]) == (200, "succeeded")
    result = answer.json()["result"]
    assert [found["error"] and found["error"]["code"] for found in result["embeddings"]] == [
        None,
        "blocked_address",
        None,
    ]
    stored = lichtbild.get(f"/v1/photos/p%2F2?collection={collection}&include=embedding")
    assert result["model"] == stored["model"]
    assert np.array(result["embeddings"][0]["embedding"]) @ np.array(stored["embedding"]) >= 0.9999

    searches = [{"photo_id": f"p/{n}", "collection": collection, "top_k": 1} for n in range(3)]
    searches.append({"text": "x", "collection": "nothing"})
    answer = lichtbild.post("/v1/search/batch", json={"searches": searches}, headers={"Prefer": "wait=30"})
    assert answer.status_code == 200
    *found, failed = answer.json()["jobs"]
    assert [job["result"]["hits"][0]["photo_id"] for job in found] == ["p/0", "p/1", "p/2"]
    assert (failed["status"], failed["error"]["code"]) == ("failed", "not_found")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"photo_id": "nobody"}, "photo_not_found"),
        ({"image_url": "http://10.1.2.3/x.jpg"}, "blocked_address"),
        ({"terms": [{"text": "x"}, {"text": "x", "weight": -1}]}, "terms_cancel_out"),
        ({"text": "x", "collection": "nothing"}, "not_found"),
    ],
)
def test_a_search_that_cannot_be_done_fails_with_its_code(lichtbild, images, collection, query, code):
    lichtbild.finished(lichtbild.ingest(items(images, 1), collection))
    job = lichtbild.search(**{"collection": collection, **query})
    assert (job["status"], job["error"]["code"]) == ("failed", code)


def test_ingest_workers_share_the_catalogue_and_a_search_runs_while_they_ingest(lichtbild, images, collection):
    count = (ALL_LANES + 2) * CHUNK
    with gate(images, lambda n: n >= 2 * CHUNK):
        job_id = lichtbild.ingest(items(images, count), collection)
        lichtbild.each_worker_holds_a_chunk()
        wait_for(lambda: lichtbild.get(f"/v1/jobs/{job_id}")["progress"]["stored"] >= 2 * CHUNK, "the first chunks")
        found = lichtbild.search(photo_id="p/1", collection=collection)
        assert found["result"]["hits"][0]["photo_id"] == "p/1"
        assert lichtbild.get(f"/v1/jobs/{job_id}")["status"] == "running"
    assert lichtbild.finished(job_id)["progress"]["stored"] == count
    assert lichtbild.get(f"/v1/collections/{collection}")["photos"] == count


def test_a_search_whose_worker_is_killed_is_answered_by_the_next(lichtbild, images, collection):
    lichtbild.finished(lichtbild.ingest(items(images, 3), collection))
    with gate(images, lambda n: n == 2):
        query = {"image_url": f"{images.url}/2.jpg", "collection": collection}
        job_id = lichtbild.post("/v1/search", json=query).json()["id"]
        wait_for(lambda: images.asked["/2.jpg"] > 1, "the worker to download the image")
        lichtbild.kill("search-1")
    job = lichtbild.finished(job_id)
    assert (job["status"], job["result"]["hits"][0]["photo_id"]) == ("succeeded", "p/2")


def test_cancelling_stops_the_work(lichtbild, images, collection):
    count = (ALL_LANES + 8) * CHUNK
    with gate(images, lambda n: n >= CHUNK):
        job_id = lichtbild.ingest(items(images, count), collection)
        wait_for(lambda: lichtbild.get(f"/v1/jobs/{job_id}")["progress"]["stored"] >= CHUNK, "the first chunk")
        assert lichtbild.post(f"/v1/jobs/{job_id}/cancel").json()["status"] == "cancelled"
    other = lichtbild.finished(lichtbild.ingest(items(images, 1), f"{collection}2"))
    assert other["status"] == "succeeded"

    def settled() -> dict[str, Any] | None:
        rows = lichtbild.get(f"/v1/collections/{collection}")["photos"]
        found = lichtbild.get(f"/v1/jobs/{job_id}")
        return found if lichtbild.held() == 0 and found["progress"]["stored"] == rows else None

    job = wait_for(settled, "counts equal to the rows, and no claimed chunk")
    stored, pending = job["progress"]["stored"], job["progress"]["pending"]
    assert (job["status"], stored + pending) == ("cancelled", count)
    # Waiting chunks stay pending; chunks that were claimed at the cancel may still be stored, and are then counted.
    assert CHUNK <= stored <= (1 + ALL_LANES) * CHUNK


def ended_worker(**environment: str) -> str:
    """The last line of a worker that cannot start."""
    done = subprocess.run(
        [sys.executable, "-m", "worker", "--queue", "search"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def test_a_model_that_cannot_be_loaded_ends_the_worker_with_one_clear_line(tmp_path):
    output = ended_worker(LICHTBILD_MODEL=str(tmp_path), HF_HUB_OFFLINE="1")
    assert output.startswith("lichtbild worker: The model")
    assert "Set LICHTBILD_MODEL" in output


def test_a_setting_that_cannot_be_ends_the_worker_with_one_clear_line():
    assert "LICHTBILD_CHUNK_SIZE" in ended_worker(LICHTBILD_CHUNK_SIZE="many")
