"""`POST /v1/ingest`: a job from a list of image URLs, or from uploaded images."""

import io

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from api.http import parameters as arguments
from api.intake.body import request_body
from api.intake.manifest import read_manifest
from api.intake.sampling import sample
from api.intake.staging import accept
from api.intake.uploads import Upload
from api.services import Services, services
from shared.errors import InvalidRequestError, UploadsOffError

routes = Blueprint("ingest", __name__)

# A JSON value may be as long as its document and is held in memory. The other formats limit the length of a line.
_MAX_JSON_BYTES = 64 * 2**20
# Read size. A read returns when it is full, so a small size detects a slow client's invalid line early.
_PIECE = 8 * 1024
_RATIO = "max_failed_ratio"
_MAX_TRIED = 10_000
# A user waits for a preflight: small chunks let several workers share it.
_TRIED_CHUNK = 32


@routes.post("/v1/ingest")
def ingest() -> ResponseReturnValue:
    arguments.only({"collection", "preflight", "max_failed_ratio"})
    parts = services()
    parts.backpressure.check(0)
    return _upload(parts) if request.mimetype == "multipart/form-data" else _list(parts)


def _list(parts: Services) -> ResponseReturnValue:
    collection, key, max_failed_ratio = arguments.collection(), arguments.idempotency_key(), arguments.ratio(_RATIO)
    tried = arguments.whole_number("preflight", 0, 0, _MAX_TRIED)
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
        return accept(parts, submission, chosen, lambda: submit(listed), chunk_size=_TRIED_CHUNK)
    return accept(parts, submission, items, submit)


def _upload(parts: Services) -> ResponseReturnValue:
    if parts.spool is None:
        raise UploadsOffError("Uploads are disabled: LICHTBILD_UPLOADS_FOLDER is not set. Send URLs instead.")
    if "preflight" in request.args:
        raise InvalidRequestError("`preflight` is for lists of URLs only, not for uploaded images.")
    collection, key, max_failed_ratio = arguments.collection(), arguments.idempotency_key(), arguments.ratio(_RATIO)
    body = request_body(parts.settings.max_body_bytes)
    submission = parts.ingests.submission(collection)
    reception = parts.spool.receive(submission.job_id, request.content_length or 0)
    boundary = request.mimetype_params.get("boundary", "")
    upload = Upload(body, boundary, reception, parts.settings.max_image_bytes)

    def submit() -> str:
        fingerprint = f"{collection}:{request.mimetype}:{max_failed_ratio}:{upload.fingerprint()}"
        return submission.submit(key, fingerprint, max_failed_ratio=max_failed_ratio)

    return accept(parts, submission, upload.items(), submit, discard=reception.discard)
