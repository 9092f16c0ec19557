"""Searches through a worker's own parts: real Redis, catalogue and model; the test rings the bell."""

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from shared.catalogue.interface import Row
from shared.domain.items import Item, Outcome
from shared.domain.job import Job
from shared.domain.queries import Query, Term
from shared.doorbell import celery_app
from shared.ledger import keys
from shared.ledger.watcher import Watcher
from tests.stack import wait_for
from worker.search import collection_cache
from worker.search.slots import Slots
from worker.services import SearchServices, build_search


@pytest.fixture
def worker(connection, settings) -> Iterator[SearchServices]:
    services = build_search(settings, celery_app(settings), "test")
    yield services
    services.lifecycle.close()


@pytest.fixture(autouse=True)
def counts_are_cheap(monkeypatch) -> None:
    """On a busy machine counting is slow, and a slow count is refreshed in the background."""
    monkeypatch.setattr(collection_cache, "_CHEAP_SECONDS", 60.0)


@pytest.fixture
def encoded(worker, monkeypatch) -> list[str]:
    """The texts that went to the model."""
    given: list[str] = []
    submit = worker.batcher.submit_text

    def noted(text: str, **more: Any) -> Any:
        given.append(text)
        return submit(text, **more)

    monkeypatch.setattr(worker.batcher, "submit_text", noted)
    return given


@pytest.fixture
def photos(worker, catalogue, collection):
    """Write photos with these vectors by id."""

    def photos(vectors: dict[str, Any]) -> None:
        encoder = worker.encoder
        catalogue.ensure(collection, encoder.name, encoder.dimension)
        rows = [
            Row(name, f"http://h/{name}", unit(*vector), b"", {"n": n}, 1)
            for n, (name, vector) in enumerate(vectors.items())
        ]
        catalogue.write(collection, rows)

    return photos


@pytest.fixture
def search(worker, searches, connection, jobs, collection):
    """Ask for what is nearest to a stored photo, and return the job as it ended."""

    def search(photo_id: str = "a", *terms: Term, timeout_ms: int | None = None, **options: Any) -> Job:
        options = {"top_k": 5, "collection": collection, **options}
        query = Query((Term("photo_id", photo_id), *terms), **options)
        job_id = searches.enqueue(query, {}, timeout_ms).job_id
        worker.search.answer_bell()
        return Watcher(connection, jobs).wait(job_id, 30)

    return search


def unit(*first: float) -> np.ndarray:
    """A unit vector of the tiny model's length, with these first coordinates."""
    vector = np.zeros(64, np.float32)
    vector[: len(first)] = first
    return vector / np.linalg.norm(vector)


def found(job: Job) -> list[str]:
    assert job.status == "succeeded", job.error
    return [hit["photo_id"] for hit in job.result["hits"]]


def test_hits_are_explained(search, photos):
    photos({"a": (1, 0), "b": (1, 1), "c": (0, 1)})
    job = search("a", Term("photo_id", "c", -0.5), top_k=2)
    assert found(job) == ["a", "b"]
    assert job.result["weights"] == [0.666667, -0.333333]
    assert job.result["hits"][1]["terms"] == pytest.approx([0.707107, 0.707107])
    assert job.result["searchable_rows"] == 3
    assert job.result["pending_rows"] == 0
    assert job.result["took_ms"].keys() == {"queue", "encode", "search"}


def test_what_is_still_to_come_is_told(search, photos, ingests, collection):
    photos({"a": (1, 0)})
    submission = ingests.submission(collection)
    submission.stage([Item("x", "http://h/x", {}), Item("y", "http://h/y", {})])
    submission.submit()
    assert search().result["pending_rows"] == 2


def test_the_count_follows_what_is_written(search, photos, ingests, catalogue, collection, worker):
    photos({"a": (1, 0)})
    assert search().result["searchable_rows"] == 1
    submission = ingests.submission(collection)
    submission.stage([Item("b", "http://h/b", {})])
    submission.submit()
    claim = ingests.claim()
    photos({"a": (1, 0), "b": (0, 1)})
    ingests.settle(claim, Outcome(1, 0, [], 1, {}))
    assert search().result["searchable_rows"] == 2


def test_pages_of_photos_that_are_equally_far_fit_together(search, photos):
    """Some are the same picture under several ids: which of them an engine returns first is its own affair."""
    photos({f"p{n:02}": (1, n // 4) for n in range(20)} | {"a": (1, 0)})
    whole = found(search(top_k=21))
    assert len(set(whole)) == 21
    pages = [found(search(top_k=3, offset=offset)) for offset in range(0, 21, 3)]
    assert [photo_id for page in pages for photo_id in page] == whole
    assert found(search(top_k=5, offset=40)) == []


def test_hits_that_are_too_far_are_left_out(search, photos):
    photos({"a": (1, 0), "b": (1, 1), "c": (0, 1)})
    assert found(search(max_distance=0.5)) == ["a", "b"]


def test_near_duplicates_are_folded_into_the_best_of_them(search, photos):
    photos({"a": (1, 0), **{f"a{n}": (1, 0.01 * n) for n in range(1, 30)}, "b": (1, 1), "b1": (1, 1.01), "c": (0, 1)})
    job = search(group_distance=0.1, top_k=3)
    assert found(job) == ["a", "b", "c"]
    assert [len(hit.get("similar", ())) for hit in job.result["hits"]] == [29, 1, 0]
    assert job.result["hits"][1]["similar"][0].keys() == {"photo_id", "url", "distance", "attributes"}
    assert found(search(group_distance=0.1, top_k=1, offset=1)) == ["b"]


@pytest.mark.parametrize("rounding", [1e-7, 2.6e-5], ids=["float32", "bfloat16"])
def test_one_picture_from_batches_of_different_sizes_is_one_hit_at_group_distance_0(search, photos, rounding):
    """The vectors of one picture differ by rounding with the size of its batch."""
    tilt = (2 * rounding) ** 0.5
    copies = {"a": (1, 0), "a1": (1, tilt), "a2": (1, 0, tilt)}
    assert len({unit(*vector).tobytes() for vector in copies.values()}) == 3
    photos({**copies, "other": (1, 0.05), "far": (0, 1)})
    job = search(group_distance=0)
    assert found(job) == ["a", "other", "far"]
    assert {similar["photo_id"] for similar in job.result["hits"][0]["similar"]} == {"a1", "a2"}


def test_a_filter_asks_of_attributes(search, photos):
    photos({"a": (1, 0), "b": (1, 1), "c": (0, 1)})
    assert found(search(filter={"n": {"gte": 1}})) == ["b", "c"]


def test_embeddings_come_on_request(search, photos):
    photos({"a": (1, 0)})
    assert "embedding" not in search().result["hits"][0]
    assert search(include_embedding=True).result["hits"][0]["embedding"] == unit(1, 0).tolist()


def test_a_text_that_was_asked_before_is_not_encoded_again(search, photos, encoded):
    photos({"a": (1, 0)})
    first, second = (search("a", Term("text", "a dog")) for _ in range(2))
    assert encoded == ["a dog"]
    assert first.result["hits"] == second.result["hits"]
    search("a", Term("text", "a cat"))
    assert encoded == ["a dog", "a cat"]


def test_one_bell_answers_all_that_wait(worker, searches, connection, jobs, photos, collection):
    photos({"a": (1, 0)})
    ids = [searches.enqueue(Query((Term("photo_id", "a"),), 5, collection), {}).job_id for _ in range(100)]
    worker.search.answer_bell()
    watcher = Watcher(connection, jobs)
    assert {watcher.wait(job_id, 30).status for job_id in ids[:32]} == {"succeeded"}
    # A worker claims at most this many at a time and rings again for the rest.
    while connection.llen(keys.WAITING_SEARCHES):
        worker.search.answer_bell()
    assert {watcher.wait(job_id, 30).status for job_id in ids} == {"succeeded"}


def test_a_bell_that_finds_no_free_slot_while_another_is_answered_is_not_lost(
    worker, searches, connection, jobs, photos, collection, monkeypatch
):
    photos({"a": (1, 0)})
    query = Query((Term("photo_id", "a"),), 5, collection)
    first = searches.enqueue(query, {}).job_id
    monkeypatch.setattr(worker.search, "_slots", Slots(total=1, batch=1))
    claim, late = worker.search._ledger.claim, []

    def slow(limit: int) -> Any:
        claimed = claim(limit)
        if not late:
            # It is queued after the claim, and its bell finds no free slot.
            late.append(searches.enqueue(query, {}).job_id)
            worker.search.answer_bell()
        return claimed

    monkeypatch.setattr(worker.search._ledger, "claim", slow)
    worker.search.answer_bell()
    watcher = Watcher(connection, jobs)
    assert [watcher.wait(job_id, 30).status for job_id in (first, *late)] == ["succeeded"] * 2


def test_a_search_that_came_too_late_is_given_up_unanswered(
    worker, searches, connection, jobs, photos, collection, encoded
):
    photos({"a": (1, 0)})
    job_id = searches.enqueue(Query((Term("text", "a dog"),), 5, collection), {}, 60_000).job_id
    connection.hset(keys.job(job_id), "deadline", 1)
    worker.search.answer_bell()
    job = Watcher(connection, jobs).wait(job_id, 30)
    assert (job.status, job.error["code"]) == ("failed", "timeout")
    assert encoded == []


def test_a_search_whose_image_takes_too_long_fails_in_time(
    worker, searches, connection, jobs, photos, collection, monkeypatch
):
    photos({"a": (1, 0)})
    over = threading.Event()
    monkeypatch.setattr(worker.fetcher, "fetch", lambda _: over.wait(60))
    query = Query((Term("image_url", "http://h/slow"),), 5, collection)
    job_id = searches.enqueue(query, {}, 100).job_id
    worker.search.answer_bell()
    job = Watcher(connection, jobs).wait(job_id, 30)
    over.set()
    assert (job.status, job.error["code"]) == ("failed", "timeout")


def test_a_search_waits_for_an_ingest(worker, searches, connection, jobs, photos, ingests, collection):
    photos({"a": (1, 0)})
    submission = ingests.submission(collection)
    submission.stage([Item("b", "http://h/b", {})])
    awaited = submission.submit()
    query = Query((Term("photo_id", "a"),), 5, collection, after_job=awaited)
    # More than there are threads: they occupy none.
    ids = [searches.enqueue(query, {}).job_id for _ in range(80)]
    while connection.llen(keys.WAITING_SEARCHES):
        worker.search.answer_bell()
    other = searches.enqueue(Query((Term("photo_id", "a"),), 5, collection), {}).job_id
    worker.search.answer_bell()
    watcher = Watcher(connection, jobs)
    assert watcher.wait(other, 30).status == "succeeded"
    assert {jobs.get(job_id).status for job_id in ids} == {"running"}
    photos({"a": (1, 0), "b": (1, 1)})
    ingests.settle(ingests.claim(), Outcome(1, 0, [], 1, {}))
    ended = [watcher.wait(job_id, 30) for job_id in ids]
    assert {tuple(found(job)) for job in ended} == {("a", "b")}
    assert all(job.result["took_ms"]["after_job"] > 0 for job in ended)


def test_a_deferred_search_reports_what_is_pending_and_stored_when_it_is_answered(
    worker, searches, connection, jobs, photos, ingests, collection
):
    photos({"a": (1, 0)})
    awaited, later = ingests.submission(collection), ingests.submission(collection)
    awaited.stage([Item("b", "http://h/b", {})])
    awaited.submit()
    query = Query((Term("photo_id", "a"),), 5, collection, after_job=awaited.job_id)
    job_id = searches.enqueue(query, {}).job_id
    worker.search.answer_bell()
    wait_for(lambda: len(worker.search._deferred), "the search to be deferred")
    later.stage([Item(name, f"http://h/{name}", {}) for name in "cd"])
    later.submit()
    photos({"a": (1, 0), "b": (1, 1)})
    claim = ingests.claim()
    assert claim.job_id == awaited.job_id
    ingests.settle(claim, Outcome(1, 0, [], 1, {}))
    result = Watcher(connection, jobs).wait(job_id, 30).result
    assert {hit["photo_id"] for hit in result["hits"]} == {"a", "b"}
    assert (result["pending_rows"], result["searchable_rows"]) == (2, 2)


def test_a_search_gives_up_waiting_for_an_ingest_at_its_deadline(search, photos, ingests, collection):
    photos({"a": (1, 0)})
    submission = ingests.submission(collection)
    submission.stage([Item("b", "http://h/b", {})])
    job = search(after_job=submission.submit(), timeout_ms=200)
    assert (job.status, job.error["code"]) == ("failed", "timeout")
    assert "after_job" in job.error["detail"]


def test_a_search_after_a_job_that_is_gone_says_so(search, photos):
    photos({"a": (1, 0)})
    assert search(after_job="nonsense").error["code"] == "after_job_not_found"


def test_deferred_searches_are_released_to_another_worker(worker, searches, connection, ingests, photos, collection):
    photos({"a": (1, 0)})
    submission = ingests.submission(collection)
    submission.stage([Item("b", "http://h/b", {})])
    job_id = searches.enqueue(Query((Term("photo_id", "a"),), 5, collection, after_job=submission.submit()), {}).job_id
    worker.search.answer_bell()
    wait_for(lambda: len(worker.search._deferred), "the search to be deferred")
    worker.search.close()
    assert [claim.job_id for claim in searches.claim(5).searches] == [job_id]


def test_a_collection_that_is_not_there_or_of_another_model_is_refused(search, catalogue, collection):
    assert search("a", collection="nowhere").error["code"] in ("not_found", "photo_not_found")
    catalogue.ensure(collection, "another", 64)
    catalogue.write(collection, [Row("a", "http://h/a", unit(1, 0), b"", {}, 1)])
    assert search().error["code"] == "model_mismatch"


def test_a_collection_that_is_dropped_behind_our_back_is_noticed(
    worker, searches, connection, jobs, photos, catalogue, collection
):
    def ask() -> Job:
        job_id = searches.enqueue(Query((Term("text", "a dog"),), 5, collection), {}).job_id
        worker.search.answer_bell()
        return Watcher(connection, jobs).wait(job_id, 30)

    photos({"a": (1, 0), "b": (0, 1)})
    assert len(found(ask())) == 2
    catalogue._session.command(f"DROP TABLE `{collection}` SYNC")
    assert found(ask()) == []
    assert ask().error["code"] == "not_found"
