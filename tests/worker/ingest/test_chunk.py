"""Chunks through a worker's own services: real Redis, catalogue, image server and model."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from shared.domain.answer_json import to_json
from shared.domain.items import Item
from shared.domain.job_view import job_view
from shared.ledger import keys
from shared.ledger.commands import CommandLedger
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from tests.gate import Gate
from tests.image_server import redirect
from tests.pictures import photo
from tests.stack import wait_for
from tests.worker.ingest.counts import counts
from worker.images.transforms import Pixels
from worker.model.cpu_quota import available_cores

API = "http://127.0.0.1:8700"


@pytest.fixture
def encoded(worker, monkeypatch) -> list[Pixels]:
    """The pixels that were encoded."""
    given: list[Pixels] = []
    submit = worker.batcher.submit_unprepared

    def noting(prepare: Callable[[], Pixels]) -> Pixels:
        given.append(prepare())
        return given[-1]

    monkeypatch.setattr(
        worker.batcher,
        "submit_unprepared",
        lambda prepare, size: submit(partial(noting, prepare), size),
    )
    return given


def changed(item: Item, **fields: Any) -> Item:
    return Item(**{"id": item.id, "url": item.url, "attributes": item.attributes} | fields)


def test_downloaded_items_are_under_way_while_others_of_their_chunk_download(
    worker, submit, items, image_server, connection, settings
):
    with Gate(image_server, lambda path: photo(int(path.strip("/"))), held=lambda path: path == "/5") as gate:
        job_id = submit(items)
        work = threading.Thread(target=worker.ingest.answer_bell)
        work.start()
        wait_for(lambda: sum(worker.leases._under_way.values()) == 5, "five downloads")
        worker.leases._extend(list(worker.leases._held.values()))
        job = Jobs(connection, settings).get(job_id)
        assert (job.under_way, job.pending) == (5, 6)
        gate.open()
        work.join(30)
    assert worker.writer.flush(30)
    job = Jobs(connection, settings).get(job_id)
    assert (job.status, job.stored, job.under_way) == ("succeeded", 6, 0)


def test_a_list_ingested_again_is_unchanged_and_not_embedded(ingest, items, encoded, catalogue, collection, connection):
    job = ingest(items)
    assert counts(job) == {"stored": 6}
    # Long ago, so that nothing of it can still be under way.
    connection.hset(keys.job(job.id), "finished", 1)
    first = catalogue.known(collection, ["p0"])["p0"]
    encoded.clear()
    assert counts(ingest(items)) == {"unchanged": 6}
    assert encoded == []
    assert catalogue.known(collection, ["p0"])["p0"] == first, "an unchanged row is left as it is"


def test_new_urls_and_attributes_are_stored_with_the_existing_vector(
    ingest, items, encoded, catalogue, collection, image_server
):
    ingest(items)
    before = catalogue.embeddings(collection, ["p0", "p1"])
    encoded.clear()
    moved = changed(items[0], url=f"{image_server.url}/00")
    relabelled = changed(items[1], attributes={"n": 1, "label": "new"})
    assert counts(ingest([moved, relabelled, *items[2:]])) == {"stored": 2, "unchanged": 4}
    assert encoded == []
    assert catalogue.get(collection, "p0").url == moved.url
    assert catalogue.get(collection, "p1").attributes == relabelled.attributes
    after = catalogue.embeddings(collection, ["p0", "p1"])
    assert all(np.array_equal(before[photo_id], after[photo_id]) for photo_id in ("p0", "p1"))
    assert catalogue.count(collection) == 6


def test_an_id_whose_image_changed_is_embedded_again(ingest, items, encoded, catalogue, collection, image_server):
    ingest(items)
    before = catalogue.embeddings(collection, ["p0"])["p0"]
    encoded.clear()
    image_server.default = lambda path: photo(99 if path == "/0" else int(path.strip("/")))
    assert counts(ingest(items)) == {"stored": 1, "unchanged": 5}
    assert len(encoded) == 1
    assert before @ catalogue.embeddings(collection, ["p0"])["p0"] < 0.9999
    assert catalogue.count(collection) == 6


def test_a_chunk_processed_twice_counts_as_stored(submit, worker, items, encoded, connection, settings, monkeypatch):
    """A worker wrote its rows and was lost before it settled: they are this job's own rows, not unchanged ones."""
    job_id = submit(items)
    with monkeypatch.context() as patch:
        patch.setattr(IngestLedger, "settle", lambda *_: False)
        worker.ingest.answer_bell()
        assert worker.writer.flush(30)
    encoded.clear()
    connection.zadd(keys.LEASES, {connection.zrange(keys.LEASES, 0, 0)[0]: 1})
    worker.ingest.answer_bell()
    assert worker.writer.flush(30)
    assert counts(Jobs(connection, settings).get(job_id)) == {"stored": 6}
    assert encoded == []


def test_an_older_submission_that_is_processed_later_does_not_replace_a_newer_one(
    ingest, submit, worker, items, catalogue, collection, image_server, connection, settings
):
    """Photo 0 is stored; a job with photo 99 under its id is paused; a newer job submits photo 0 again, unchanged. The
    newest wins when the paused job resumes."""
    ingest([items[0]])
    jobs = Jobs(connection, settings)
    older = submit([changed(items[0], url=f"{image_server.url}/99")])
    jobs.pause(older)
    assert counts(ingest([items[0]])) == {"unchanged": 1}
    jobs.resume(older)
    worker.ingest.answer_bell()
    assert worker.writer.flush(30)
    assert counts(jobs.get(older)) == {"stored": 1}
    assert catalogue.get(collection, "p0").url == items[0].url


def test_a_deleted_photo_is_not_found_and_can_be_ingested_again(
    ingest, submit, worker, items, catalogue, collection, connection, settings
):
    older = submit(items)
    deletions = CommandLedger(connection, settings, "delete")
    catalogue.ensure(collection, worker.encoder.name, worker.encoder.dimension)
    job_id = deletions.enqueue(collection, "p0")
    worker.deletions.delete_waiting()
    assert Jobs(connection, settings).get(job_id).status == "succeeded"
    worker.ingest.answer_bell()
    assert worker.writer.flush(30)
    assert Jobs(connection, settings).get(older).stored == 6
    vector = worker.encoder.encode_texts(["x"])[0]

    def found() -> set[str]:
        return {hit.photo.photo_id for hit in catalogue.search(collection, vector, 10)}

    assert found() == {f"p{n}" for n in range(1, 6)}, "a deletion outranks what was submitted before it"
    assert catalogue.get(collection, "p0") is None
    assert counts(ingest(items)) == {"stored": 1, "unchanged": 5}
    assert found() == {f"p{n}" for n in range(6)}


def test_a_preflight_tries_everything_and_stores_nothing(ingest, items, image_server, catalogue, collection):
    image_server.default = lambda path: photo(int(path.strip("/"))) if path != "/3" else 404
    job = ingest(items, preflight_of=600)
    assert counts(job) == {"stored": 5, "failed": 1}
    assert catalogue.describe(collection) is None
    report = to_json(job_view(job, API))["result"]
    assert (report["tried"], report["of"], report["success_rate"]) == (6, 600, 0.8333)
    assert report["bytes_per_item"] == pytest.approx(np.mean([len(photo(n)) for n in (0, 1, 2, 4, 5)]), abs=1)
    assert report["estimated_bytes"] == pytest.approx(500 * report["bytes_per_item"], rel=0.01)
    assert report["estimated_seconds"] > 0
    assert job.failed_by_code == {"http_404": 1}


@pytest.mark.parametrize("preflight", [{}, {"preflight_of": 600}], ids=["an ingest", "a preflight"])
def test_a_placeholder_that_came_for_several_ids_is_named(ingest, items, image_server, preflight):
    """As hosts do for photos that are gone: four URLs redirect to one picture with status 200."""
    image_server.answers = {f"/{n}": redirect("/removed") for n in range(1, 5)}
    image_server.default = lambda path: photo(0) if path == "/removed" else photo(int(path.strip("/")) + 10)
    job = ingest(items, **preflight)
    assert counts(job) == {"stored": 6}
    same = {"photos": 3, "groups": [{"photos": 4, "photo_ids": ["p1", "p2", "p3"]}]}
    assert to_json(job_view(job, API))["progress"]["same_picture"] == same
    if not preflight:
        assert to_json(job_view(ingest(items), API))["progress"]["same_picture"] == same, "unchanged items, too"


def test_a_job_reports_the_stage_that_limits_it(ingest, items):
    job = ingest(items)
    assert all(job.stage_seconds[stage] > 0 for stage in ("fetch", "decode", "encode", "write"))
    assert job.limited_by == max(job.stage_seconds, key=lambda stage: job.stage_seconds[stage])


def test_a_job_with_slow_preparation_is_limited_by_decode(ingest, items, worker, monkeypatch):
    prepare = worker.encoder.prepare

    def slow(picture: Any) -> Pixels:
        began = time.thread_time()
        while time.thread_time() - began < 0.5:
            pass
        return prepare(picture)

    monkeypatch.setattr(worker.encoder, "prepare", slow)
    job = ingest(items)
    assert job.limited_by == "decode"
    # Either the model's threads prepare or those of the downloads; the time is shared by all of them.
    assert 6 * 0.2 / max(worker.encoder.passes, available_cores()) <= job.stage_seconds["decode"] <= 6 * 0.3


def test_failures_are_counted_by_code_and_by_host(ingest, items, image_server):
    host = "127.0.0.1"
    image_server.default = lambda path: 404 if path in ("/1", "/2") else b"<html>" if path == "/3" else photo(0)
    blocked = Item("blocked", "http://10.1.2.3/x.jpg", {})
    progress = to_json(job_view(ingest([*items, blocked]), API))["progress"]
    assert progress["failed_by_code"] == {"http_404": 2, "blocked_address": 1, "not_an_image": 1}
    assert progress["failed_by_host"] == {host: 3, "10.1.2.3": 1}
