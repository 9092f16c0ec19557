"""The ledger's queue of searches: claimed once, given up in time, never more than may wait."""

import pytest

from shared.domain.items import Item, Outcome
from shared.domain.queries import Query, Term
from shared.errors import ItemError, SearchesFullError
from shared.ledger import keys
from shared.ledger.ingest import IngestLedger
from shared.ledger.search import SearchLedger


def submit(ledger: IngestLedger, *sizes: int, **asked: int) -> str:
    """An ingest of chunks of these sizes."""
    submission = ledger.submission("photos")
    for chunk, size in enumerate(sizes):
        submission.stage([Item(f"{chunk}-{n}", "http://h/", {}) for n in range(size)])
    return submission.submit(**asked)


def settle(ledger: IngestLedger, times: int = 1) -> None:
    """The next chunk, also more than once."""
    claim = ledger.claim()
    assert claim is not None
    for _ in range(times):
        ledger.settle(claim, Outcome(len(claim.items), 0, [], 1, {}))


def query(*terms: Term) -> Query:
    return Query(terms or (Term("text", "a dog"),), 5, "photos")


def test_a_search_is_answered_once(searches, jobs):
    job_id = searches.enqueue(query(), {}).job_id
    (claim,) = searches.claim(5).searches
    assert claim.job_id == job_id
    assert claim.query == query()
    searches.complete(job_id, {"hits": [1]})
    searches.complete(job_id, {"hits": [2]})
    searches.fail(job_id, ItemError("late", "too late"))
    job = jobs.get(job_id)
    assert (job.status, job.result, job.error) == ("succeeded", {"hits": [1]}, None)
    assert searches.claim(5).searches == []


def test_uploaded_bytes_go_as_soon_as_they_are_encoded(searches, connection):
    job_id = searches.enqueue(query(Term("text", "x"), Term("image", "")), {1: b"bytes"}).job_id
    (claim,) = searches.claim(5).searches
    assert claim.job_id == job_id
    assert claim.images == {1: b"bytes"}
    searches.drop_images(claim)
    assert not connection.exists(keys.image(job_id, 1))


def test_nothing_of_a_search_is_kept_for_ever(searches, connection):
    job_id = searches.enqueue(query(Term("image", "")), {0: b"bytes"}).job_id
    assert all(connection.ttl(key) > 0 for key in connection.keys(f"*{job_id}*"))


def overdue(connection, job_id: str) -> None:
    """As if its time to be seen to again had come."""
    assert connection.zadd(keys.SEARCHES, {job_id: 1}, xx=True, ch=True) == 1


def late(connection, job_id: str) -> None:
    """As if its deadline had passed."""
    connection.hset(keys.job(job_id), "deadline", 1)


def test_one_bell_stands_for_all_searches_that_come_before_it_is_answered(searches):
    first, second = searches.enqueue(query(), {}), searches.enqueue(query(), {})
    assert (first.must_ring, second.must_ring) == (True, False)
    claimed = searches.claim(5)
    assert [claim.job_id for claim in claimed.searches] == [first.job_id, second.job_id]
    assert not claimed.more
    assert searches.enqueue(query(), {}).must_ring


def test_no_more_is_taken_than_asked_for(searches):
    ids = [searches.enqueue(query(), {}).job_id for _ in range(5)]
    first, second = searches.claim(3), searches.claim(3)
    assert [claim.job_id for claim in (*first.searches, *second.searches)] == ids
    assert (first.more, second.more) == (True, False)


def test_a_search_nobody_took_is_rung_for_again_and_waits_only_once(searches, connection):
    job_id = searches.enqueue(query(), {}).job_id
    assert searches.overdue() == (False, [])
    overdue(connection, job_id)
    assert searches.overdue() == (True, [])
    assert searches.overdue() == (False, [])
    assert [claim.job_id for claim in searches.claim(5).searches] == [job_id]


def test_a_search_whose_worker_was_lost_is_taken_again_before_newer_ones(searches, connection):
    lost = searches.enqueue(query(), {}).job_id
    searches.claim(5)
    newer = searches.enqueue(query(), {}).job_id
    overdue(connection, lost)
    assert searches.overdue() == (True, [])
    assert [claim.job_id for claim in searches.claim(5).searches] == [lost, newer]


def test_a_worker_that_is_still_at_it_keeps_its_search(searches, connection):
    job_id = searches.enqueue(query(), {}).job_id
    (claim,) = searches.claim(5).searches
    overdue(connection, job_id)
    searches.extend(claim)
    assert searches.overdue() == (False, [])


def test_a_search_that_is_handed_back_is_taken_by_another(searches):
    searches.enqueue(query(), {})
    (claim,) = searches.claim(5).searches
    searches.release(claim)
    assert [again.job_id for again in searches.claim(5).searches] == [claim.job_id]


def test_a_search_past_its_deadline_is_not_given_to_a_worker(searches, connection):
    job_id = searches.enqueue(query(), {}).job_id
    late(connection, job_id)
    claimed = searches.claim(5)
    assert (claimed.searches, claimed.late) == ([], [job_id])


def test_a_search_past_its_deadline_is_given_up(searches, connection):
    job_id = searches.enqueue(query(), {}).job_id
    overdue(connection, job_id)
    late(connection, job_id)
    assert searches.overdue() == (False, [job_id])


def test_a_cancelled_search_is_not_given_to_a_worker(searches, jobs):
    jobs.cancel(searches.enqueue(query(), {}).job_id)
    claimed = searches.claim(5)
    assert (claimed.searches, claimed.late) == ([], [])


def test_only_so_many_searches_may_wait(connection, settings):
    searches = SearchLedger(connection, settings.model_copy(update={"max_waiting_searches": 2}))
    for _ in range(2):
        searches.enqueue(query(), {})
    with pytest.raises(SearchesFullError, match="MAX_WAITING_SEARCHES"):
        searches.enqueue(query(Term("image", "")), {0: b"bytes"})
    assert connection.zcard(keys.jobs("search")) == 2
    assert connection.keys("*:image:*") == []
    searches.claim(1)
    searches.enqueue(query(), {})


def coverage(searches) -> tuple[int, int]:
    """What the next search would get: pending items, and changes so far."""
    searches.enqueue(query(), {})
    claim = searches.claim(5).searches[-1]
    return claim.pending_photos, claim.changes


def test_a_search_knows_what_is_still_to_come_into_its_collection(ledger, jobs, searches):
    assert coverage(searches) == (0, 0)
    submit(ledger, 2, 1)
    other = submit(ledger, 3)
    assert coverage(searches) == (6, 0)
    settle(ledger, times=2)
    assert coverage(searches) == (4, 1)
    jobs.cancel(other)
    assert coverage(searches) == (1, 1)
    settle(ledger)
    assert coverage(searches) == (0, 2)


def test_a_preflight_brings_nothing_into_its_collection(ledger, searches):
    submit(ledger, 1, preflight_of=100)
    assert coverage(searches) == (0, 0)
    settle(ledger)
    assert coverage(searches) == (0, 0)
