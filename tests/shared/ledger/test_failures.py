"""A failed job has a reason, and failed items are kept and read in pages."""

from shared.domain.items import Failure, Item, Outcome
from tests.shared.ledger.chunks import claimed, items, submit


def test_a_failed_job_tells_why(ledger, jobs):
    job_id = submit(ledger, items("a"))
    ledger.fail_job(job_id, "model_mismatch", "another model")
    job = jobs.get(job_id)
    assert (job.status, job.error) == ("failed", {"code": "model_mismatch", "detail": "another model"})
    assert ledger.claim() is None


def test_failures_are_kept_whole_and_read_in_pages(ledger, jobs):
    job_id = submit(ledger, *(items(*(f"{chunk}-{n}" for n in range(7))) for chunk in range(3)))
    for _ in range(3):
        claim = claimed(ledger)
        failures = [Failure(item, "http_404", "gone", 1) for item in claim.items[:5]]
        ledger.settle(claim, Outcome(2, 0, failures, 0, {}))
    assert jobs.get(job_id).failed == 15
    seen, cursor = [], "0-0"
    while cursor:
        page, cursor = ledger.failures(job_id, cursor, 4)
        assert len(page) <= 4
        seen += page
    assert [failure.item.id for failure in seen] == [f"{chunk}-{n}" for chunk in range(3) for n in range(5)]
    assert seen[0] == Failure(Item("0-0", "http://h/0-0", {"n": 1}), "http_404", "gone", 1)
