"""Attempts at a chunk: which chunks a lost worker counts for, and how a chunk is split."""

import pytest

from shared.ledger.ingest import IngestLedger
from tests.shared.ledger.chunks import claimed, expire, items, stored, submit


def lost(ledger: IngestLedger, connection, chunk: int, times: int = 1) -> None:
    """Let `times` workers be lost with the only chunk that can be claimed."""
    for _ in range(times):
        claim = claimed(ledger)
        assert claim.chunk == chunk
        expire(connection, claim)


def attempts_by_chunk(ledger: IngestLedger, count: int) -> dict[int, int]:
    return {claim.chunk: claim.attempts for claim in (claimed(ledger) for _ in range(count))}


@pytest.mark.parametrize(
    ("in_model", "expected"),
    [
        pytest.param(None, {0: 3, 1: 2, 2: 2}, id="not recorded"),
        pytest.param("healthy", {0: 2, 1: 2, 2: 2}, id="the healthy"),
        pytest.param("suspect", {0: 3, 1: 1, 2: 1}, id="the suspect"),
    ],
)
def test_a_lost_worker_counts_for_the_chunks_in_its_model(ledger, settings, connection, in_model, expected):
    submit(ledger, items("a"), items("b"), items("c"))
    lost(IngestLedger(connection, settings), connection, chunk=0)
    worker = IngestLedger(connection, settings)
    claims = [claimed(worker) for _ in range(3)]
    assert [claim.is_suspect for claim in claims] == [True, False, False]

    if in_model:
        worker.record_in_model(claims[0] if in_model == "suspect" else None)
    for claim in claims:
        expire(connection, claim)

    assert attempts_by_chunk(ledger, 3) == expected


def test_what_another_worker_has_in_its_model_excuses_nothing(ledger, settings, connection):
    submit(ledger, items("a"))
    ledger.record_in_model(None)
    other = IngestLedger(connection, settings)
    lost(other, connection, chunk=0, times=2)
    assert claimed(ledger).attempts == 3


def test_a_chunk_is_excused_a_limited_number_of_times(ledger, connection):
    """Otherwise a chunk that kills its workers outside the model would do so forever."""
    submit(ledger, items("a"))
    lost(ledger, connection, chunk=0)
    ledger.record_in_model(None)
    seen = []
    for _ in range(12):
        claim = claimed(ledger)
        seen.append(claim.attempts)
        expire(connection, claim)
    assert seen == [2] * 11 + [3]


def test_splitting_keeps_every_item_and_a_half_that_loses_one_more_worker_is_split_again(
    ledger, jobs, connection, settings
):
    job_id = submit(ledger, items("a", "b", "c"))
    claim = claimed(ledger)
    ledger.split(claim)
    assert not ledger.settle(claim, stored(claim))
    halves = [claimed(ledger), claimed(ledger)]
    assert sorted(item.id for half in halves for item in half.items) == ["a", "b", "c"]
    assert all(half.attempts == settings.chunk_attempts for half in halves)
    expire(connection, halves[0])
    assert claimed(ledger).attempts > settings.chunk_attempts
    for half in halves:
        ledger.settle(half, stored(half))
    assert jobs.get(job_id).status == "succeeded"
