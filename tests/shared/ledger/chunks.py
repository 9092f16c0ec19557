"""Chunks of a few items: submitted, claimed, settled, or lost with their worker."""

from shared.domain.items import Item, Outcome
from shared.ledger import keys
from shared.ledger.ingest import Claim, IngestLedger


def items(*ids: str) -> list[Item]:
    return [Item(photo_id, f"http://h/{photo_id}", {"n": 1}) for photo_id in ids]


def submit(ledger: IngestLedger, *chunks: list[Item]) -> str:
    submission = ledger.submission("photos")
    for chunk in chunks:
        submission.stage(chunk)
    submission.submit()
    return submission.job_id


def stored(claim: Claim) -> Outcome:
    return Outcome(len(claim.items), 0, [], 10, {"fetch": 0.5, "encode": 0.25})


def expire(connection, claim: Claim) -> None:
    """As if the worker had died and its lease had run out."""
    assert connection.zadd(keys.LEASES, {claim.member: 1}, xx=True, ch=True) == 1


def claimed(ledger: IngestLedger) -> Claim:
    claim = ledger.claim()
    assert claim is not None
    return claim


def settle_next(ledger: IngestLedger) -> bool:
    claim = claimed(ledger)
    return ledger.settle(claim, stored(claim))
