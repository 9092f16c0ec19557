"""Chunks of several jobs in one worker, with a real ledger."""

import pytest

from shared.domain.items import Item
from shared.ledger.ingest import Claim, IngestLedger
from tests.stack import wait_for
from worker.ingest.job_slots import JobSlots


@pytest.fixture
def ledger(connection, settings) -> IngestLedger:
    return IngestLedger(connection, settings.model_copy(update={"chunk_size": 1}))


def submit(ledger: IngestLedger, chunks: int) -> str:
    submission = ledger.submission("photos")
    for number in range(chunks):
        submission.stage([Item(f"p{number}", f"http://127.0.0.1/{number}", {})])
    return submission.submit()


def claimed(slots: JobSlots, ledger: IngestLedger) -> list[Claim]:
    """As many chunks as there are slots."""
    claims = []
    while claim := slots.acquire(ledger.claim):
        claims.append(claim)
    return claims


def test_a_job_leaves_room_for_others(ledger):
    slots = JobSlots(chunks_per_job=3)
    long, short = submit(ledger, 9), submit(ledger, 1)

    jobs = [claim.job_id for claim in claimed(slots, ledger)]

    assert (jobs.count(long), jobs.count(short)) == (3, 1)


def test_a_released_slot_is_taken_again(ledger):
    slots = JobSlots(chunks_per_job=2)
    submit(ledger, 5)
    first, second = claimed(slots, ledger)

    # Whoever releases a slot of a full job must ring: bells that were answered meanwhile found no chunk.
    assert slots.release(first)
    assert not slots.release(second)
    assert len(claimed(slots, ledger)) == 2


def test_a_chunk_that_lost_its_worker_is_claimed_although_its_job_is_excluded(ledger, settings, connection):
    hasty = IngestLedger(connection, settings.model_copy(update={"lease_seconds": 0.001}))
    job = submit(ledger, 1)
    hasty.claim()

    assert wait_for(lambda: ledger.claim(exclude_jobs=[job]), "the lease to run out").job_id == job
