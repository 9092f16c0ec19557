"""A submission is accepted as a whole or not at all."""

import pytest

from shared.errors import NotFoundError, UnavailableError
from shared.ledger import keys
from tests.shared.ledger.chunks import claimed, items, submit


def test_a_submission_is_invisible_until_it_is_whole(ledger, jobs, connection):
    submission = ledger.submission("photos")
    submission.stage(items("a", "b"))
    assert ledger.claim() is None
    with pytest.raises(NotFoundError):
        jobs.get(submission.job_id)
    submission.submit()
    job = jobs.get(submission.job_id)
    assert (job.status, job.total, job.pending) == ("queued", 2, 2)
    assert [item.id for item in claimed(ledger).items] == ["a", "b"]


def test_an_abandoned_submission_leaves_nothing_behind(ledger, connection):
    submission = ledger.submission("photos")
    submission.stage(items("a"))
    assert all(connection.ttl(key) > 0 for key in connection.scan_iter())
    submission.abandon()
    assert connection.keys() == []


def test_a_submission_whose_staged_items_expired_is_refused_whole(ledger, connection):
    submission = ledger.submission("photos")
    submission.stage(items("a"))
    connection.delete(keys.chunks(submission.job_id))
    with pytest.raises(UnavailableError, match="send it again"):
        submission.submit()
    assert not connection.exists(keys.job(submission.job_id))


def test_a_newer_submission_has_a_higher_version(ledger):
    submit(ledger, items("a"))
    submit(ledger, items("a"))
    first, second = claimed(ledger), claimed(ledger)
    assert second.version > first.version
