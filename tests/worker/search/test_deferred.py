"""Searches that wait for a job: woken by its change, kept alive meanwhile, given up in time."""

import time
from collections.abc import Iterator

import pytest

from shared.domain.items import Item
from shared.domain.queries import Query, Term
from shared.errors import ItemError
from shared.ledger import keys
from shared.ledger.search import SearchClaim
from shared.ledger.watcher import Watcher
from tests.stack import wait_for
from worker.search import deferred as module
from worker.search.deferred import DeferredSearches


@pytest.fixture
def resumed() -> list[str]:
    """Ids of the searches that were resumed."""
    return []


@pytest.fixture
def deferred(connection, jobs, searches, resumed) -> Iterator[DeferredSearches]:
    deferred = DeferredSearches(
        jobs, Watcher(connection, jobs), searches, lambda claim, *_: resumed.append(claim.job_id)
    )
    yield deferred
    deferred.close()


@pytest.fixture
def awaited(ingests) -> str:
    """An ingest in progress."""
    submission = ingests.submission("photos")
    submission.stage([Item("a", "http://h/a", {})])
    return submission.submit()


def claim_one(searches, after_job: str | None) -> SearchClaim:
    searches.enqueue(Query((Term("text", "a dog"),), 5, "photos", after_job=after_job), {})
    (claim,) = searches.claim(1).searches
    return claim


def in_a_minute() -> float:
    return time.monotonic() + 60


def test_a_change_of_the_job_wakes_all_its_searches(deferred, searches, awaited, jobs, resumed, monkeypatch):
    monkeypatch.setattr(module, "_EXTEND_SECONDS", 3600.0)  # so that nothing but the watcher can wake them
    claims = [claim_one(searches, awaited) for _ in range(3)]
    assert all(deferred.defer(claim, time.monotonic() + 3600) for claim in claims)
    jobs.pause(awaited)
    jobs.cancel(awaited)
    wait_for(lambda: len(resumed) == 3, "the searches to be resumed")
    assert set(resumed) == {claim.job_id for claim in claims}
    assert len(deferred) == 0


def test_a_search_deferred_while_others_wait_is_watched_too(deferred, searches, ingests, awaited, jobs, monkeypatch):
    monkeypatch.setattr(module, "_EXTEND_SECONDS", 3600.0)
    deferred.defer(claim_one(searches, awaited), time.monotonic() + 3600)
    submission = ingests.submission("photos")
    submission.stage([Item("b", "http://h/b", {})])
    other = submission.submit()
    deferred.defer(claim_one(searches, other), time.monotonic() + 3600)
    jobs.cancel(other)
    wait_for(lambda: len(deferred) == 1, "the second search to be resumed")


def test_a_search_need_not_wait_without_a_job_or_for_one_that_has_ended(deferred, searches, awaited, jobs):
    assert not deferred.defer(claim_one(searches, None), in_a_minute())
    jobs.cancel(awaited)
    assert not deferred.defer(claim_one(searches, awaited), in_a_minute())
    with pytest.raises(ItemError, match="after_job"):
        deferred.defer(claim_one(searches, "nonsense"), in_a_minute())


def test_claims_are_extended_so_that_no_other_worker_gets_the_search(
    deferred, searches, awaited, connection, monkeypatch
):
    monkeypatch.setattr(module, "_EXTEND_SECONDS", 0.01)
    claim = claim_one(searches, awaited)
    deferred.defer(claim, in_a_minute())
    connection.zadd(keys.SEARCHES, {claim.job_id: 1}, xx=True)
    wait_for(lambda: connection.zscore(keys.SEARCHES, claim.job_id) > 1, "an extension")
    assert searches.overdue() == (False, [])


def test_a_search_whose_job_is_no_longer_kept_fails(deferred, searches, awaited, jobs, connection, resumed):
    claim = claim_one(searches, awaited)
    deferred.defer(claim, in_a_minute())
    connection.delete(keys.job(awaited))
    connection.publish(keys.CHANGES, awaited)
    wait_for(lambda: jobs.get(claim.job_id).is_final, "the search to end")
    assert jobs.get(claim.job_id).error["code"] == "after_job_not_found"
    assert not resumed


def test_a_closed_worker_releases_searches_old_and_new(deferred, searches, awaited):
    old, new = claim_one(searches, awaited), claim_one(searches, awaited)
    deferred.defer(old, in_a_minute())
    deferred.close()
    assert deferred.defer(new, in_a_minute()), "a search that was in progress at the end"
    assert {claim.job_id for claim in searches.claim(5).searches} == {old.job_id, new.job_id}
