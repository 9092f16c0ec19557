"""`POST /v1/ingest`: a job from a list of image URLs, or from uploaded images."""

import hashlib
import io
import json
from collections.abc import Iterable
from typing import Annotated

from flask import request
from pydantic import Field

from api.http import examples, links
from api.http.operations import SUBMITTED, Answer, Body, Reply, Routes
from api.http.parameters import ContentEncoding, InCollection, Labelled, Notifying, Ratio, Retryable, WholeNumber
from api.intake.body import request_body
from api.intake.callbacks import GivenCallback
from api.intake.faults_found import only_items
from api.intake.first_rows import first_rows
from api.intake.lists.objects import ListBody
from api.intake.lists.query import ListQuery
from api.intake.lists.row import Row
from api.intake.manifest import read_manifest
from api.intake.sampling import sample
from api.intake.uploads import Upload
from api.routes.accepted import accepted, stage_items, stage_rows
from api.routes.callback import accepted_callback
from api.services import Services, services
from shared.domain.callback import Callback
from shared.domain.results import JobView
from shared.errors import (
    Fault,
    InvalidRequestError,
    MalformedError,
    OverloadedError,
    PayloadTooLargeError,
    SpoolFullError,
    UnsupportedTypeError,
    UploadsOffError,
)
from shared.ledger.ingest import MIN_JUDGED_ITEMS
from shared.ledger.submission import Submission

routes = Routes("ingest")

# A JSON value may be as long as its document and is held in memory. The other formats limit the length of a line.
_MAX_JSON_BYTES = 64 * 2**20
# A read returns when its buffer is full, so a small size detects a slow client's invalid line early.
_BUFFER_BYTES = 8 * 1024
_MAX_TRIED = 10_000
# A user waits for a preflight: small chunks let several workers share it.
_PREFLIGHT_CHUNK = 32


class IngestQuery(InCollection, Labelled, Notifying, ListQuery):
    preflight: Annotated[WholeNumber, Field(ge=0, le=_MAX_TRIED)] = 0
    """Try this many items, drawn at random, and store nothing."""
    max_failed_ratio: Ratio | None = None
    """Pause the job once more than this share of its items has failed, after at least 100 settled items. A job that
    ends with more than this share is `failed`, however short it is."""


class IngestHeaders(Retryable):
    content_encoding: ContentEncoding = "identity"


@routes.post(
    "/v1/ingest",
    Answer(202, JobView, "The job.", headers=SUBMITTED, example=examples.QUEUED_INGEST, links=links.FOLLOW_INGEST),
    raises=[
        MalformedError,
        UnsupportedTypeError,
        PayloadTooLargeError,
        OverloadedError,
        SpoolFullError,
        UploadsOffError,
    ],
    body=Body(
        {
            "application/json": ListBody,
            "application/x-ndjson": {
                "schema": {"type": "string", "description": "One item per line."},
                "example": '{"photo_id": "beach-1", "url": "https://example.org/1", "attributes": {"place": "a"}}\n',
            },
            "text/csv": {
                "schema": {
                    "type": "string",
                    "description": "A header row; further columns are attributes, except for empty cells.",
                },
                "example": "photo_id,url,place\nbeach-1,https://example.org/1.jpg,Sylt\n",
            },
            "text/tab-separated-values": {
                "schema": {
                    "type": "string",
                    "description": "A header row; further columns are attributes, except for empty cells.",
                },
                "example": "photo_id\turl\tplace\nbeach-1\thttps://example.org/1.jpg\tSylt\n",
            },
            "text/plain": {
                "schema": {"type": "string", "description": "One URL per line; it is the id, too."},
                "example": "https://example.org/1.jpg\nhttps://example.org/2.jpg\n",
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "images": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "binary"}}
                    },
                    "required": ["images"],
                    "description": "The images; the file name of each is its id. A part `attributes`, a JSON object, "
                    "belongs to the image that follows.",
                },
                "encoding": {"images": {"contentType": "image/*"}},
                "example": {"images": ["beach-1.jpg", "beach-2.jpg"]},
            },
        },
        "A list of image URLs with ids and attributes, or the images as file parts `images`; gzip is accepted.",
    ),
)
def ingest(query: IngestQuery, headers: IngestHeaders) -> Reply:
    """Start an ingest over a list of image URLs, or over uploaded images."""
    callback = accepted_callback(GivenCallback(query.callback_url, query.callback_events))
    services().backpressure.check(0)
    submit = _submit_upload if request.mimetype == "multipart/form-data" else _submit_list
    return submit(services(), query, headers.idempotency_key, callback)


def _submit_list(parts: Services, query: IngestQuery, key: str | None, callback: Callback | None) -> Reply:
    limit = parts.settings.max_body_bytes
    if request.mimetype == "application/json":
        limit = min(limit, _MAX_JSON_BYTES)
    body = request_body(limit)
    options = query.list_options(request.mimetype_params.get("charset"))
    rows: Iterable[Row] = read_manifest(io.BufferedReader(body, _BUFFER_BYTES), request.mimetype, options)
    if query.limit:
        rows = first_rows(rows, query.limit, body)
    chunk_size = listed = None
    if query.preflight:
        checked = only_items(rows) if query.on_bad_row == "refuse" else rows
        rows, listed = sample(checked, query.preflight)
        chunk_size = _PREFLIGHT_CHUNK
    with parts.ingests.submission(query.collection) as staged:
        stage_rows(staged, rows, chunk_size, query.on_bad_row)
        ratio = query.max_failed_ratio
        _check_bad_rows(staged, ratio)
        read_as = query.list_fingerprint(options)
        fingerprint = f"{_options(query)}{read_as}:{query.preflight}:{ratio}:{body.fingerprint()}"
        job_id = staged.submit(
            key, fingerprint, max_failed_ratio=ratio, preflight_of=listed, labels=query.labels(), callback=callback
        )
    return accepted(staged, job_id)


def _check_bad_rows(staged: Submission, max_failed_ratio: float | None) -> None:
    """Refuse a list of which more rows are bad than items may fail."""
    rows = staged.total + staged.refused
    if max_failed_ratio is not None and staged.refused > max_failed_ratio * rows and rows >= MIN_JUDGED_ITEMS:
        reason = (
            f"{staged.refused} of {rows} rows are bad, more than `max_failed_ratio` allows. To see them, send the list "
            "without `on_bad_row=fail_item`."
        )
        raise InvalidRequestError(reason, [Fault(reason, parameter="max_failed_ratio")])


def _submit_upload(parts: Services, query: IngestQuery, key: str | None, callback: Callback | None) -> Reply:
    if parts.spool is None:
        raise UploadsOffError("Uploads are disabled: LICHTBILD_UPLOADS_FOLDER is not set. Send URLs instead.")
    if query.preflight:
        reason = "`preflight` is for lists of URLs only, not for uploaded images."
        raise InvalidRequestError(reason, [Fault(reason, parameter="preflight")])
    body = request_body(parts.settings.max_body_bytes)
    with parts.ingests.submission(query.collection) as staged:
        reception = parts.spool.receive(staged.job_id, request.content_length or 0)
        staged.on_abandon(reception.discard)
        upload = Upload(body, request.mimetype_params.get("boundary", ""), reception, parts.settings.max_image_bytes)
        stage_items(staged, upload.items())
        fingerprint = f"{_options(query)}:{query.max_failed_ratio}:{upload.fingerprint()}"
        job_id = staged.submit(
            key, fingerprint, max_failed_ratio=query.max_failed_ratio, labels=query.labels(), callback=callback
        )
    return accepted(staged, job_id)


def _options(query: IngestQuery) -> str:
    """What must be equal, besides the body, when an idempotency key is used again."""
    given = [query.name, query.metadata, query.callback_url, query.callback_events]
    # Hashed: a fingerprint has no spaces.
    more = f":{hashlib.sha256(json.dumps(given).encode()).hexdigest()}" if any(given) else ""
    return f"{query.collection}:{request.mimetype}{more}"
