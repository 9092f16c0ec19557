"""`POST /v1/ingest`: a list of image URLs, or the images themselves, become a job."""

import io

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from api import arguments
from api.bodies import request_body
from api.intake import accept
from api.manifest import read_manifest
from api.services import Services, services
from api.uploads import Upload
from shared.errors import UploadsOffError

routes = Blueprint("ingest", __name__)

# One value of a JSON document may be as long as the document, and is held whole; a line of the other formats may not.
_MAX_JSON_BYTES = 64 * 2**20
_PIECE = 64 * 1024


@routes.post("/v1/ingest")
def ingest() -> ResponseReturnValue:
    arguments.only({"collection"})
    parts, collection, key = services(), arguments.collection(), arguments.idempotency_key()
    if request.mimetype == "multipart/form-data":
        return _upload(parts, collection, key)
    most = parts.settings.max_body_bytes
    if request.mimetype == "application/json":
        most = min(most, _MAX_JSON_BYTES)
    body = request_body(most)
    items = read_manifest(io.BufferedReader(body, _PIECE), request.mimetype)

    def fingerprint() -> str:
        return f"{collection}:{request.mimetype}:{body.fingerprint()}"

    return accept(parts, parts.ingests.submission(collection), items, key, fingerprint)


def _upload(parts: Services, collection: str, key: str | None) -> ResponseReturnValue:
    if parts.spool is None:
        raise UploadsOffError("Uploads are not taken here: LICHTBILD_UPLOADS_FOLDER is not set. Send URLs instead.")
    body = request_body(parts.settings.max_body_bytes)
    submission = parts.ingests.submission(collection)
    reception = parts.spool.receive(submission.job_id, request.content_length or 0)
    boundary = request.mimetype_params.get("boundary", "")
    upload = Upload(body, boundary, reception, parts.settings.max_image_bytes)

    def fingerprint() -> str:
        return f"{collection}:{request.mimetype}:{upload.fingerprint()}"

    return accept(parts, submission, upload.items(), key, fingerprint, discard=reception.discard)
