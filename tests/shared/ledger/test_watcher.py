"""Waiting for a job: woken by its change, by any number of threads, no longer than asked."""

import threading

from shared.domain.queries import Query, Term
from shared.ledger.jobs import Jobs
from shared.ledger.search import SearchLedger
from shared.ledger.watcher import Watcher


def query() -> Query:
    return Query((Term("text", "a dog"),), 5, "photos")


def test_a_waiter_is_woken_by_the_change(connection, jobs, searches):
    watcher = Watcher(connection, jobs)
    job_id = searches.enqueue(query(), {}).job_id
    seen = []
    waiters = [threading.Thread(target=lambda: seen.append(watcher.wait(job_id, 20).status)) for _ in range(5)]
    for waiter in waiters:
        waiter.start()
    searches.complete(job_id, {})
    for waiter in waiters:
        waiter.join(20)
    assert seen == ["succeeded"] * 5


def test_more_may_wait_than_there_are_connections(settings, connection):
    """Also when all are woken by the same job: each finds a connection in time."""
    jobs, searches = Jobs(connection, settings), SearchLedger(connection, settings)
    watcher, job_id = Watcher(connection, jobs), searches.enqueue(query(), {}).job_id
    seen = []
    waiters = [threading.Thread(target=lambda: seen.append(watcher.wait(job_id, 30).status)) for _ in range(200)]
    for waiter in waiters:
        waiter.start()
    searches.complete(job_id, {})
    for waiter in waiters:
        waiter.join(30)
    assert seen == ["succeeded"] * 200


def test_waiting_ends_in_time(connection, jobs, searches):
    assert Watcher(connection, jobs).wait(searches.enqueue(query(), {}).job_id, 0.01).status == "queued"
