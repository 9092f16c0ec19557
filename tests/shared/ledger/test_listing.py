"""Pages of jobs: every job once, for any page size, even if many were created at the same moment."""

import pytest

from shared.domain.queries import Query, Term
from shared.errors import InvalidRequestError
from shared.ledger import jobs as module
from shared.ledger import keys
from tests.shared.ledger.chunks import items, submit


@pytest.fixture
def listed(searches, connection) -> list[str]:
    """Seven searches, newest first; three of them were created in the same millisecond."""
    ids = [searches.enqueue(Query((Term("text", "x"),), 5, "photos"), {}).job_id for _ in range(7)]
    start = (connection.time()[0] - 10) * 1000
    created = {job_id: start + after for job_id, after in zip(ids, (0, 1, 2, 2, 2, 3, 4), strict=True)}
    for job_id, moment in created.items():
        connection.zadd(keys.jobs("search"), {job_id: moment})
        connection.hset(keys.job(job_id), "created", moment)
    return sorted(ids, key=lambda job_id: (created[job_id], job_id), reverse=True)


def pages(jobs, limit: int, status=None) -> list[list[str]]:
    found, cursor = [], ""
    while cursor is not None:
        page, cursor = jobs.page("search", limit, status, cursor)
        found.append([job.id for job in page])
    return found


@pytest.mark.parametrize("read_at_once", [1, 2, 200])
@pytest.mark.parametrize("limit", [1, 2, 3, 6, 7, 8])
def test_pages_hold_each_job_once_newest_first(listed, jobs, monkeypatch, limit, read_at_once):
    monkeypatch.setattr(module, "_PAGE", read_at_once)
    found = pages(jobs, limit)
    assert [job_id for page in found for job_id in page] == listed
    assert all(len(page) == limit for page in found[:-1])
    assert 0 < len(found[-1]) <= limit, "no cursor leads to an empty page"


def test_a_status_is_looked_for_beyond_the_first_page(listed, jobs, searches):
    jobs.cancel(listed[-1])
    assert pages(jobs, 1, "cancelled") == [[listed[-1]]]
    assert pages(jobs, 1, "failed") == [[]]


def test_jobs_created_between_two_pages_do_not_move_the_next_one(listed, jobs, searches):
    _, cursor = jobs.page("search", 3)
    searches.enqueue(Query((Term("text", "new"),), 5, "photos"), {})
    assert [job.id for job in jobs.page("search", 3, None, cursor)[0]] == listed[3:6]


def test_expired_jobs_neither_show_nor_shorten_a_page(listed, jobs, connection):
    connection.delete(keys.job(listed[1]), keys.job(listed[4]))
    assert pages(jobs, 5) == [[job_id for n, job_id in enumerate(listed) if n not in (1, 4)]]
    assert connection.zcard(keys.jobs("search")) == 5


@pytest.mark.parametrize("cursor", ["x", "1", "1-", "-a", "1-g", "1" * 16 + "-a", "1-a\n"])
def test_a_cursor_of_another_form_is_refused(jobs, cursor):
    with pytest.raises(InvalidRequestError):
        jobs.page("search", 1, None, cursor)


def test_listing_is_newest_first_and_forgets_what_is_gone(ledger, jobs, connection):
    ids = [submit(ledger, items("a")) for _ in range(3)]
    for n, job_id in enumerate(ids):
        connection.zadd(keys.jobs("ingest"), {job_id: n})
    assert [job.id for job in jobs.page("ingest", 2)[0]] == ids[:0:-1]
    connection.delete(keys.job(ids[2]))
    jobs.page("ingest", 10)
    assert [job.id for job in jobs.page("ingest", 10)[0]] == ids[1::-1]
