"""From items to an accepted job: stages them in chunks as they arrive, then makes the job visible in one step."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from redis.exceptions import RedisError

from api.http.operations import Reply
from api.http.views import job_view
from api.intake.seen_ids import SeenIds
from api.services import Services
from shared.domain.items import Item
from shared.errors import InvalidRequestError, LichtbildError, PayloadTooLargeError, UnavailableError
from shared.ledger.submission import Submission

_SECONDS_BETWEEN_CHECKS = 1.0


def accept(
    parts: Services,
    submission: Submission,
    items: Iterable[Item],
    submit: Callable[[], str],
    *,
    chunk_size: int | None = None,
    discard: Callable[[], None] = lambda: None,
) -> Reply:
    """Accept a job, or return the job that the same key and request created before.

    `submit` is called after all items are read, and returns the job's id. If an item is invalid or too much work is
    waiting, everything staged is deleted, and `discard` is called to delete other data of the items.
    """

    def leave_nothing() -> None:
        discard()
        with suppress(RedisError):
            submission.abandon()

    try:
        _stage(parts, submission, items, chunk_size or parts.settings.chunk_size)
    except BaseException:
        leave_nothing()
        raise
    try:
        job_id = submit()
    except LichtbildError:
        # Not after a RedisError: the job may be visible nevertheless. If not, the staged items expire.
        leave_nothing()
        raise
    headers = {"Location": f"/v1/jobs/{job_id}", "Retry-After": "1"}
    if job_id != submission.job_id:
        leave_nothing()
        headers["Idempotency-Replayed"] = "true"
    # The job is accepted from here on. If the doorbell fails, the reconciler rings it.
    with suppress(UnavailableError):
        parts.doorbell.ring_ingest()
    return Reply(job_view(parts.jobs.get(job_id)), 202, headers)


def _stage(parts: Services, submission: Submission, items: Iterable[Item], size: int) -> None:
    limit = parts.settings.max_items
    chunk: list[Item] = []
    checked = 0.0

    def id_at(position: int) -> str:
        number, offset = divmod(position, size)
        return (chunk if number * size == submission.total else submission.staged(number))[offset].id

    seen = SeenIds(id_at)
    for position, item in enumerate(items):
        if position >= limit:
            raise PayloadTooLargeError(
                f"A job has at most {limit} items (LICHTBILD_MAX_ITEMS); split the list into several jobs."
            )
        earlier = seen.add(item.id, position)
        if earlier is not None:
            raise InvalidRequestError(f"item {position}: id {item.id!r} is already item {earlier} of this request.")
        chunk.append(item)
        if time.monotonic() - checked >= _SECONDS_BETWEEN_CHECKS:
            parts.backpressure.check(position)
            checked = time.monotonic()
        if len(chunk) == size:
            submission.stage(chunk)
            chunk = []
    if chunk:
        submission.stage(chunk)
    if not submission.total:
        raise InvalidRequestError("The request contains no items.")
