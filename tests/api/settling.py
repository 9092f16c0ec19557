"""Settles chunks in a worker's place."""

from shared.domain.items import Failure, Outcome
from shared.ledger.ingest import Claim, IngestLedger


def settle(ingests: IngestLedger, failed: int) -> None:
    """Claim a chunk and settle it; its first items have failed."""
    settle_claim(ingests, ingests.claim(), failed)


def settle_claim(ingests: IngestLedger, claim: Claim, failed: int) -> None:
    failures = [Failure(item, "http_404", "The server answered 404.", 1) for item in claim.items[:failed]]
    ingests.settle(claim, Outcome(len(claim.items) - len(failures), 0, failures, 100, {"fetch": 1.5}))
