"""Ingest jobs of numbered items, submitted to the ledger directly."""

from collections.abc import Callable

from shared.domain.items import Item
from shared.ledger.ingest import IngestLedger


def submit_numbered(ledger: IngestLedger, collection: str, count: int, url: Callable[[int], str], chunk: int) -> str:
    """Submit items `p0`, `p1`, … with the attribute `n`, in chunks of `chunk` items, and return the job's id."""
    submission = ledger.submission(collection)
    for start in range(0, count, chunk):
        numbers = range(start, min(start + chunk, count))
        submission.stage([Item(f"p{n}", url(n), {"n": n}) for n in numbers])
    return submission.submit()
