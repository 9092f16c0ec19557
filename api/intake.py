"""From items to an accepted job: cut them into chunks as they come, then make the job visible, all at once."""

from collections.abc import Callable, Iterable
from contextlib import suppress

from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError

from api.duplicates import SeenIds
from api.services import Services
from shared.errors import InvalidRequestError, PayloadTooLargeError, UnavailableError
from shared.items import Item
from shared.ledger.ingest import Submission


def accept(
    parts: Services,
    submission: Submission,
    items: Iterable[Item],
    key: str | None = None,
    fingerprint: Callable[[], str] = str,
) -> ResponseReturnValue:
    """Take a job, or answer with the one that the same key and request made before.

    `fingerprint` is asked once all items are read. If anything is wrong with any of them, nothing is left behind.
    """
    try:
        _stage(parts, submission, items)
        job_id = submission.submit(key, fingerprint())
    except BaseException:
        with suppress(RedisError):
            submission.abandon()
        raise
    headers = {"Location": f"/v1/jobs/{job_id}", "Retry-After": "1"}
    if job_id != submission.job_id:
        submission.abandon()
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
