"""From items to an accepted job: cut them into chunks as they come, then make the job visible, all at once."""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError

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
) -> ResponseReturnValue:
    """Take a job, or answer with the one that the same key and request made before.

    `submit` is called once all items are read, and returns the job's id. If anything is wrong with any of them, or too
    much waits already, nothing is left behind; `discard` does away with what else was kept for them.
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
        # Not for a RedisError: the job may have become visible all the same. If it has not, what is staged expires.
        leave_nothing()
        raise
    headers = {"Location": f"/v1/jobs/{job_id}", "Retry-After": "1"}
    if job_id != submission.job_id:
        leave_nothing()
        headers["Idempotency-Replayed"] = "true"
    # The job is accepted from here on: if the bell cannot be rung, the workers' reconciler does it.
    with suppress(UnavailableError):
        parts.doorbell.ring_ingest()
    return parts.jobs.get(job_id).as_json(), 202, headers


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
            raise PayloadTooLargeError(f"One job takes at most {limit} items (LICHTBILD_MAX_ITEMS); send several.")
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
        raise InvalidRequestError("There are no items in this request.")
