"""From the body of a search request to a query and the bytes of its images."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Request
from pydantic import ValidationError

from api.http import request_id
from api.http.validation import body_faults, first_fault
from api.intake.callbacks import GivenCallback
from api.intake.search_body import KINDS, SearchBody
from shared.domain.collection_name import check_name
from shared.domain.filters import parse
from shared.domain.job_labels import JobLabels
from shared.domain.queries import MAX_TERMS, MAX_WINDOW, Query, Term
from shared.errors import InvalidRequestError, MalformedError, PayloadTooLargeError

_TEXTS = {*KINDS, "collection", "after_job", "name", "callback_url"}


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search to enqueue: its query, image bytes by the index of their term, timeout in ms, labels and callback."""

    query: Query
    images: Mapping[int, bytes]
    timeout_ms: int | None
    labels: JobLabels
    callback: GivenCallback


def read_search(request: Request, max_image_bytes: int) -> SearchRequest:
    """Read a JSON or multipart body. Raises InvalidRequestError, MalformedError or PayloadTooLargeError."""
    # Room for each image in base64, and for texts.
    request.max_content_length = request.max_form_memory_size = max_image_bytes * 2 + 1024 * 1024
    body, uploaded = _read(request)
    return _search(body, uploaded, max_image_bytes)


def _read(request: Request) -> tuple[SearchBody, bytes | None]:
    """The body, and the bytes of an uploaded file part `image`."""
    if request.mimetype == "application/json":
        return _validated(SearchBody.model_validate_json, request.get_data()), None
    unknown = [name for name in request.files if name != "image"]
    if unknown or len(request.files.getlist("image")) > 1:
        raise InvalidRequestError("The only file part allowed is one `image`.")
    file = request.files.get("image")
    return _validated(SearchBody.model_validate, _form(request)), file.read() if file else None


def _form(request: Request) -> Mapping[str, Any]:
    """Form fields that are no text in the query are JSON."""
    fields: dict[str, Any] = dict(request.form)
    try:
        for name in fields.keys() - _TEXTS:
            fields[name] = json.loads(fields[name])
    except ValueError as error:
        raise InvalidRequestError(f"{name}: must be JSON.") from error
    return fields


def _validated(validate: Callable[[Any], SearchBody], value: Any) -> SearchBody:
    try:
        return validate(value)
    except ValidationError as error:
        fault = first_fault(error)
        if fault.is_syntax:
            raise MalformedError(f"The body is not valid JSON: {fault.message}.") from None
        detail = f"{fault.field}: {fault.message}." if fault.field else f"{fault.message}."
        raise InvalidRequestError(detail, body_faults(error)) from None


def _search(body: SearchBody, uploaded: bytes | None, max_image_bytes: int) -> SearchRequest:
    terms: list[Term] = []
    images: dict[int, bytes] = {}
    for term in body.all_terms():
        kind, value = term.given()[0]
        if kind == "image":
            images[len(terms)], value = _base64(value), ""
        terms.append(Term(kind, value, term.weight))
    if uploaded is not None:
        images[len(terms)] = uploaded
        terms.append(Term("image", ""))
    if not terms:
        raise InvalidRequestError(f"A query needs at least one of {', '.join(KINDS)} or terms.")
    if len(terms) > MAX_TERMS:
        raise InvalidRequestError(f"A query has at most {MAX_TERMS} terms.")
    if any(len(content) > max_image_bytes for content in images.values()):
        raise PayloadTooLargeError(f"The image is larger than {max_image_bytes} bytes (LICHTBILD_MAX_IMAGE_BYTES).")
    if body.offset + body.top_k > MAX_WINDOW:
        raise InvalidRequestError(
            f"offset + top_k must be at most {MAX_WINDOW}; narrow the search by a filter instead."
        )
    if body.filter is not None:
        parse(body.filter)
    query = Query(
        tuple(terms),
        body.top_k,
        check_name(body.collection),
        offset=body.offset,
        filter=body.filter,
        max_distance=body.max_distance,
        group_distance=body.group_distance,
        exact=body.exact,
        include_embedding="embedding" in body.include,
        after_job=body.after_job,
    )
    labels = JobLabels(request_id.current(), body.name, body.metadata)
    callback = GivenCallback(body.callback_url, body.callback_events, in_body=True)
    return SearchRequest(query, images, body.timeout_ms, labels, callback)


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    # binascii.Error is a ValueError; for non-ASCII characters the library raises a plain ValueError.
    except ValueError:
        raise InvalidRequestError("image: must be base64.") from None
