"""A search that waits for an ingest job (`after_job`)."""

from shared.domain.items import Item, Outcome
from shared.domain.queries import Query, Term
from shared.ledger import keys
from shared.ledger.watcher import Watcher
from tests.stack import wait_for
from tests.worker.search.answers import found


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


def test_a_deferred_search_reports_the_counts_at_its_answer(
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
    assert (result["pending_photos"], result["searchable_photos"]) == (2, 2)


def test_a_search_that_waits_for_an_ingest_fails_at_its_deadline(search, photos, ingests, collection):
    photos({"a": (1, 0)})
    submission = ingests.submission(collection)
    submission.stage([Item("b", "http://h/b", {})])
    job = search(after_job=submission.submit(), timeout_ms=200)
    assert (job.status, job.error["code"]) == ("failed", "timeout")
    assert "after_job" in job.error["detail"]


def test_a_search_after_an_expired_job_fails_with_a_code_of_its_own(search, photos):
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
