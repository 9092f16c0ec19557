"""Chunks are claimed, leased, released and settled: nothing is counted twice, nothing is lost."""

import random
import threading

import pytest

from shared.ledger import keys
from shared.ledger.ingest import Claim
from tests.shared.ledger.chunks import claimed, expire, items, settle_next, stored, submit


def test_settling_all_chunks_ends_the_job_and_frees_its_payload(ledger, jobs, connection):
    job_id = submit(ledger, items("a", "b"), items("c"))
    for _ in range(2):
        assert settle_next(ledger)
    job = jobs.get(job_id)
    assert (job.status, job.stored, job.pending, job.bytes) == ("succeeded", 3, 0, 20)
    assert job.stage_seconds == {"fetch": 1.0, "decode": 0.0, "encode": 0.5, "write": 0.0}
    assert ledger.claim() is None
    left = {key.decode() for key in connection.scan_iter()}
    assert left == {
        keys.job(job_id),
        keys.jobs("ingest"),
        keys.SEQUENCE,
        keys.writers("photos"),
        keys.collection_stats("photos"),
    }
    assert connection.ttl(keys.job(job_id)) > 0


def test_a_chunk_is_counted_once_however_often_it_is_settled(ledger, jobs):
    job_id = submit(ledger, items("a", "b"), items("c"))
    claim = claimed(ledger)
    settled = []
    threads = [threading.Thread(target=lambda: settled.append(ledger.settle(claim, stored(claim)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(settled) == [False] * 7 + [True]
    job = jobs.get(job_id)
    assert (job.stored, job.pending, job.status) == (2, 1, "running")


def test_a_lease_that_ran_out_is_claimed_again_and_the_first_to_settle_counts(ledger, jobs, connection):
    job_id = submit(ledger, items("a"))
    sleeper = claimed(ledger)
    assert ledger.claim() is None
    expire(connection, sleeper)
    assert ledger.has_work()
    second = claimed(ledger)
    assert (second.chunk, second.attempts) == (sleeper.chunk, 2)
    assert ledger.settle(sleeper, stored(sleeper))
    assert not ledger.settle(second, stored(second))
    assert jobs.get(job_id).stored == 1
    assert not ledger.has_work()
    assert connection.zcard(keys.LEASES) == 0


def test_a_renewed_lease_stays_and_one_taken_over_is_not_brought_back(ledger, connection):
    submit(ledger, items("a"))
    first = claimed(ledger)
    expire(connection, first)
    second = claimed(ledger)
    ledger.extend([first, second])
    assert connection.zrange(keys.LEASES, 0, -1) == [second.member.encode()]


@pytest.mark.parametrize("end", ["settled", "released", "split", "taken over"])
def test_items_under_way_count_until_their_chunk_is(ledger, jobs, connection, end):
    job_id = submit(ledger, items("a", "b", "c"))
    claim = claimed(ledger)
    ledger.extend([claim], {claim.member: 2})
    assert (jobs.get(job_id).under_way, jobs.get(job_id).pending) == (2, 3)
    if end == "settled":
        ledger.settle(claim, stored(claim))
    elif end == "released":
        ledger.release(claim)
    elif end == "split":
        ledger.split(claim)
    else:
        expire(connection, claim)
        claimed(ledger)
    assert jobs.get(job_id).under_way == 0


def test_a_chunk_handed_back_is_claimed_again_at_once_and_its_attempt_does_not_count(ledger):
    submit(ledger, items("a"))
    ledger.release(claimed(ledger))
    assert claimed(ledger).attempts == 1


def test_a_late_hand_back_changes_nothing(ledger, connection):
    submit(ledger, items("a"))
    late = claimed(ledger)
    expire(connection, late)
    current = claimed(ledger)
    ledger.release(late)
    assert ledger.claim() is None
    assert ledger.settle(current, stored(current))


def test_jobs_take_turns(ledger):
    big = submit(ledger, *(items(f"big{n}") for n in range(50)))
    small = submit(ledger, items("small0"), items("small1"))
    assert [claimed(ledger).job_id for _ in range(5)] == [big, small, big, small, big]


def test_more_work_is_announced_until_there_is_none(ledger):
    submit(ledger, items("a"), items("b"))
    assert [claimed(ledger).more_waiting for _ in range(2)] == [True, False]


def test_many_workers_that_lose_leases_at_random_count_each_item_once(ledger, jobs, connection):
    rng = random.Random(5)
    ids = {str(n) for n in range(60)}
    job_id = submit(ledger, *(items(*(str(n) for n in range(start, start + 6))) for start in range(0, 60, 6)))
    held: list[Claim] = []
    for _ in range(2000):
        if claim := ledger.claim():
            held.append(claim)
        if held:
            action, claim = rng.choice(["settle", "lose", "release", "pause", "resume"]), rng.choice(held)
            if action == "settle":
                ledger.settle(claim, stored(claim))
            elif action == "lose":
                connection.zadd(keys.LEASES, {claim.member: 1}, xx=True)
            elif action == "release":
                ledger.release(claim)
            elif not jobs.get(job_id).is_final:
                jobs.pause(job_id) if action == "pause" else jobs.resume(job_id)
            job = jobs.get(job_id)
            assert job.pending >= 0
            if job.is_final:
                break
    assert job.status == "succeeded"
    assert job.stored == len(ids)
