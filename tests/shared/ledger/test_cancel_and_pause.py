"""Cancelled and paused ingest jobs, and their claimed chunks."""

import pytest

from shared.domain.items import Failure, Outcome
from shared.errors import ConflictError, NotFoundError
from shared.ledger import keys
from tests.shared.ledger.chunks import claimed, expire, items, settle_next, stored, submit


def test_a_cancelled_job_stops_and_what_is_not_settled_stays_pending(ledger, jobs):
    job_id = submit(ledger, items("a"), items("b"), items("c"))
    ledger.settle(claimed(ledger), Outcome(1, 0, [], 10, {}))
    in_hand = claimed(ledger)
    assert jobs.cancel(job_id).status == "cancelled"
    assert jobs.cancel(job_id).status == "cancelled"
    assert ledger.claim() is None
    job = jobs.get(job_id)
    assert (job.status, job.stored, job.pending) == ("cancelled", 1, 2)

    # Its rows may be written already, so it still counts, once; it does not end the job a second time.
    assert ledger.settle(in_hand, stored(in_hand))
    assert not ledger.settle(in_hand, stored(in_hand))
    job = jobs.get(job_id)
    assert (job.status, job.stored, job.pending) == ("cancelled", 2, 1)


def test_a_cancelled_job_of_which_everything_was_in_hand_stays_cancelled(ledger, jobs, connection):
    job_id = submit(ledger, items("a"), items("b"))
    claims = [claimed(ledger), claimed(ledger)]
    ended = jobs.cancel(job_id)
    failure = Failure(claims[0].items[0], "http_404", "x", 1)
    assert ledger.settle(claims[0], Outcome(0, 0, [failure], 10, {}))
    assert ledger.settle(claims[1], stored(claims[1]))
    job = jobs.get(job_id)
    assert (job.status, job.stored, job.failed, job.pending) == ("cancelled", 1, 1, 0)
    assert job.finished == ended.finished
    assert [item.id for item in ledger.failed_items(job_id, None)] == ["a"]
    assert connection.ttl(keys.failures(job_id)) > 0


@pytest.mark.parametrize("give_up", ["release", "split"])
def test_a_chunk_of_a_cancelled_job_that_is_given_up_is_not_handed_out_again(ledger, jobs, connection, give_up):
    job_id = submit(ledger, items("a", "b"), items("c"))
    claim = claimed(ledger)
    jobs.cancel(job_id)
    getattr(ledger, give_up)(claim)
    assert ledger.claim() is None
    assert not ledger.has_work()
    assert not connection.exists(keys.chunks(job_id), keys.waiting(job_id), keys.attempts(job_id))
    assert not ledger.settle(claim, stored(claim))
    assert jobs.get(job_id).pending == 3


def test_the_lease_on_a_chunk_of_a_cancelled_job_is_not_extended(ledger, jobs, connection):
    cancelled = submit(ledger, items("a"))
    other = submit(ledger, items("b"))
    claims = [claimed(ledger), claimed(ledger)]
    jobs.cancel(cancelled)
    assert [claim.job_id for claim in ledger.extend(claims)] == [other]
    assert connection.zcard(keys.LEASES) == 1


def test_what_is_held_when_a_job_is_paused_goes_on_and_comes_back_if_its_worker_dies(ledger, jobs, connection):
    job_id = submit(ledger, items("a"), items("b"), items("c"))
    settled, lost, returned = claimed(ledger), claimed(ledger), claimed(ledger)
    jobs.pause(job_id)
    assert ledger.settle(settled, stored(settled))
    ledger.release(returned)
    expire(connection, lost)
    assert ledger.claim() is None
    assert not ledger.has_work()
    assert jobs.get(job_id).status == "paused"
    assert jobs.resume(job_id).status == "running"
    assert {settle_next(ledger), settle_next(ledger)} == {True}
    assert jobs.get(job_id).status == "succeeded"


def test_an_ended_job_cannot_be_cancelled(ledger, jobs):
    job_id = submit(ledger, items("a"))
    settle_next(ledger)
    with pytest.raises(ConflictError):
        jobs.cancel(job_id)
    with pytest.raises(NotFoundError):
        jobs.cancel("nonsense")
