"""Shared by the routes that start an ingest: stage its items, and return the accepted job."""

from collections.abc import Iterable
from contextlib import suppress

from api.http.operations import Reply
from api.intake.lists.options import OnBadRow
from api.intake.lists.row import Place, Row
from api.intake.staging import Staging, StagingRules
from api.routes.address import api_url, job_url
from api.services import services
from shared.domain.items import Item
from shared.domain.job_view import job_view
from shared.errors import UnavailableError
from shared.ledger.submission import Submission


def stage_items(staged: Submission, items: Iterable[Item]) -> None:
    """Read items that were checked before into `staged`, within the limits of the settings."""
    stage_rows(staged, (Row(Place(position), item) for position, item in enumerate(items)))


def stage_rows(
    staged: Submission, rows: Iterable[Row], chunk_size: int | None = None, on_bad_row: OnBadRow = "refuse"
) -> None:
    """Read all rows of a list into `staged`, within the limits of the settings."""
    parts = services()
    settings = parts.settings
    rules = StagingRules(chunk_size or settings.chunk_size, settings.max_items, on_bad_row)
    Staging(staged, rules, parts.backpressure).read(rows)


def accepted(staged: Submission, job_id: str) -> Reply:
    """The job, or that of an earlier request with the same key and body. Rings for a worker."""
    headers = {"Location": job_url(job_id), "Retry-After": "1"}
    if job_id != staged.job_id:
        headers["Idempotency-Replayed"] = "true"
    # The job is accepted already. If the doorbell fails, the reconciler rings it.
    with suppress(UnavailableError):
        services().doorbell.ring_ingest()
    return Reply(job_view(services().jobs.get(job_id), api_url()), 202, headers)
