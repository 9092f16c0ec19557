"""Each search that waits is answered, or fails at its deadline."""

import threading
from typing import Any

from shared.domain.queries import Query, Term
from shared.ledger import keys
from shared.ledger.watcher import Watcher
from worker.search.slots import Slots


def test_one_bell_answers_all_waiting_searches(worker, searches, connection, jobs, photos, collection):
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


def test_a_search_past_its_deadline_fails_without_being_encoded(
    worker, searches, connection, jobs, photos, collection, encoded
):
    photos({"a": (1, 0)})
    job_id = searches.enqueue(Query((Term("text", "a dog"),), 5, collection), {}, 60_000).job_id
    connection.hset(keys.job(job_id), "deadline", 1)
    worker.search.answer_bell()
    job = Watcher(connection, jobs).wait(job_id, 30)
    assert (job.status, job.error["code"]) == ("failed", "timeout")
    assert encoded == []


def test_a_search_with_a_slow_image_fails_at_its_deadline(
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
