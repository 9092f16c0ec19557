"""`POST /v1/ingest`: a list of image URLs becomes a job."""

import io

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from api import arguments
from api.bodies import request_body
from api.intake import accept
from api.manifest import read_manifest
from api.sampling import sample
from api.services import services

routes = Blueprint("ingest", __name__)

# One value of a JSON document may be as long as the document, and is held whole; a line of the other formats may not.
_MAX_JSON_BYTES = 64 * 2**20
# A read returns when it is full: a slow client's broken line should not be noticed only after many more.
_PIECE = 8 * 1024
_MAX_TRIED = 10_000
# A preflight is small, and its user waits: small chunks let several workers share it.
_TRIED_CHUNK = 32


@routes.post("/v1/ingest")
def ingest() -> ResponseReturnValue:
    arguments.only({"collection", "preflight", "max_failed_ratio"})
    parts, collection, key = services(), arguments.collection(), arguments.idempotency_key()
    tried, max_failed_ratio = arguments.whole_number("preflight", 0, 0, _MAX_TRIED), arguments.ratio("max_failed_ratio")
    parts.backpressure.check(0)
    most = parts.settings.max_body_bytes
    if request.mimetype == "application/json":
        most = min(most, _MAX_JSON_BYTES)
    body = request_body(most)
    items = read_manifest(io.BufferedReader(body, _PIECE), request.mimetype)

    submission = parts.ingests.submission(collection)

    def submit(listed: int | None = None) -> str:
        fingerprint = f"{collection}:{request.mimetype}:{tried}:{max_failed_ratio}:{body.fingerprint()}"
        return submission.submit(key, fingerprint, max_failed_ratio=max_failed_ratio, preflight_of=listed)

    if tried:
        chosen, listed = sample(items, tried)
        return accept(parts, submission, chosen, lambda: submit(listed), _TRIED_CHUNK)
    return accept(parts, submission, items, submit)
