"""From items to an accepted job: cut them into chunks as they come, then make the job visible, all at once."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError

from api.duplicates import SeenIds
from api.services import Services
from shared.errors import InvalidRequestError, LichtbildError, PayloadTooLargeError, UnavailableError
from shared.items import Item
from shared.ledger.ingest import Submission


def accept(
    parts: Services,
    submission: Submission,
    items: Iterable[Item],
    key: str | None = None,
    fingerprint: Callable[[], str] = str,
    *,
    discard: Callable[[], None] = lambda: None,
) -> ResponseReturnValue:
    """Take a job, or answer with the one that the same key and request made before.

    `fingerprint` is asked once all items are read. If anything is wrong with any of them, nothing is left behind;
    `discard` does away with what else was kept for them.
    """

    def leave_nothing() -> None:
        discard()
        with suppress(RedisError):
            submission.abandon()

    try:
        _stage(parts, submission, items)
        request_fingerprint = fingerprint()
    except BaseException:
        leave_nothing()
        raise
    try:
        job_id = submission.submit(key, request_fingerprint)
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


def _stage(parts: Services, submission: Submission, items: Iterable[Item]) -> None:
    size, limit = parts.settings.chunk_size, parts.settings.max_items
    chunk: list[Item] = []

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
        if len(chunk) == size:
            submission.stage(chunk)
            chunk = []
    if chunk:
        submission.stage(chunk)
    if not submission.total:
        raise InvalidRequestError("There are no items in this request.")
