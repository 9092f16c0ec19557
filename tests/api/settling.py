"""Settles chunks in a worker's place."""

from shared.domain.items import Failure, Outcome


def settle(ingests, failed: int) -> None:
    claim = ingests.claim()
    failures = [Failure(item, "http_404", "The server answered 404.", 1) for item in claim.items[:failed]]
    ingests.settle(claim, Outcome(len(claim.items) - failed, 0, failures, 100, {"fetch": 1.5}))
