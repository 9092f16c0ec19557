"""`POST /v1/ingest`: cut the request's items into chunks as they arrive, then make the job visible at once."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError

from api import arguments
from api.bodies import body_stream
from api.duplicates import SeenIds
from api.manifest import read_manifest
from api.services import Services, services
from shared.errors import InvalidRequestError, PayloadTooLargeError, UnavailableError
from shared.items import Item
from shared.ledger.ingest import Submission

log = logging.getLogger(__name__)
routes = Blueprint("ingest", __name__)

# One value of a JSON document may be as long as the document, and is held whole; a line of the other formats may not.
_MAX_JSON_BYTES = 64 * 2**20


@routes.post("/v1/ingest")
def ingest() -> ResponseReturnValue:
    arguments.only({"collection"})
    parts = services()
    most = parts.settings.max_body_bytes
    if request.mimetype == "application/json":
        most = min(most, _MAX_JSON_BYTES)
    items = read_manifest(body_stream(most), request.mimetype)
    with _submission(parts, arguments.collection()) as submission:
        _stage(submission, items, parts)
        submission.submit()
    # The job is accepted from here on: if the bell cannot be rung, the workers' reconciler does it.
    with suppress(UnavailableError):
        parts.doorbell.ring_ingest()
    job = parts.jobs.get(submission.job_id).as_json()
    return job, 202, {"Location": job["links"]["self"], "Retry-After": "1"}


@contextmanager
def _submission(parts: Services, collection: str) -> Iterator[Submission]:
    """A submission that leaves nothing behind unless it was submitted."""
    submission = parts.ingests.submission(collection)
    try:
        yield submission
    except BaseException:
        with suppress(RedisError):
            submission.abandon()
        raise


def _stage(submission: Submission, items: Iterable[Item], parts: Services) -> None:
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
