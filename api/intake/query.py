"""From the body of a search, a batch or an embedding to queries and the bytes of their images."""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Request
from pydantic import BaseModel, ValidationError

from api.http import request_id
from api.http.validation import body_faults, first_fault
from api.intake.callbacks import GivenCallback
from api.intake.embedding_body import EmbeddingBody
from api.intake.search_body import KINDS, BatchBody, SearchBody
from shared.domain.collection_name import check_name
from shared.domain.filters import parse
from shared.domain.job_labels import JobLabels
from shared.domain.queries import MAX_TERMS, MAX_WINDOW, Query, Term, TermKind
from shared.errors import Fault, InvalidRequestError, MalformedError, PayloadTooLargeError

_TEXTS = {*KINDS, "collection", "after_job", "name", "callback_url"}
# Room for the texts of a search.
_TEXT_BYTES = 1024 * 1024
# A batch and its images are held in memory.
_MAX_BATCH_BYTES = 64 * 2**20
Body = TypeVar("Body", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A search to enqueue: its query, image bytes by the index of their term, timeout in ms, labels and callback.

    `place` is its JSON pointer in the body.
    """

    query: Query
    images: Mapping[int, bytes]
    timeout_ms: int | None
    labels: JobLabels
    callback: GivenCallback
    place: str = ""


def read_search(request: Request, max_image_bytes: int) -> SearchRequest:
    """Read a JSON or multipart body. Raises InvalidRequestError, MalformedError or PayloadTooLargeError."""
    # Room for each image in base64.
    request.max_content_length = request.max_form_memory_size = max_image_bytes * 2 + _TEXT_BYTES
    body, uploaded = _read(request)
    return _search(body, uploaded, max_image_bytes)


def read_batch(request: Request, max_image_bytes: int) -> list[SearchRequest]:
    """Read the JSON of a batch. Raises as `read_search` does; faults name their search."""
    request.max_content_length = _MAX_BATCH_BYTES
    body = _validated(BatchBody.model_validate_json, request.get_data())
    return [_search(search, None, max_image_bytes, f"/searches/{n}") for n, search in enumerate(body.searches)]


def read_embedding(request: Request, max_image_bytes: int) -> SearchRequest:
    """Read the JSON of an embedding: its inputs are the terms of the query. Raises as `read_search` does."""
    request.max_content_length = _MAX_BATCH_BYTES
    body = _validated(EmbeddingBody.model_validate_json, request.get_data())
    terms, images = _terms(((kind, value, 1.0) for given in body.inputs for kind, value in given.given()), "/inputs")
    _check_sizes(images, max_image_bytes)
    labels = JobLabels(request_id.current(), body.name, body.metadata)
    query = Query(tuple(terms), top_k=0, collection="")
    callback = GivenCallback(body.callback_url, body.callback_events, place="")
    return SearchRequest(query, images, body.timeout_ms, labels, callback)


def _read(request: Request) -> tuple[SearchBody, bytes | None]:
    """The body, and the bytes of an uploaded file part `image`."""
    if request.mimetype == "application/json":
        return _validated(SearchBody.model_validate_json, request.get_data()), None
    for name, files in request.files.lists():
        if name != "image" or len(files) > 1 or name in request.form:
            raise refusal("the only file part allowed is one `image`", f"/{name}")
    file = request.files.get("image")
    return _validated(SearchBody.model_validate, _form(request)), file.read() if file else None


def _form(request: Request) -> Mapping[str, Any]:
    """Form fields that are no text in the query are JSON."""
    fields: dict[str, Any] = {}
    for name, values in request.form.lists():
        if len(values) > 1:
            raise refusal(f"is given {len(values)} times; give it once", f"/{name}")
        try:
            fields[name] = values[0] if name in _TEXTS else json.loads(values[0])
        except (ValueError, RecursionError):
            raise refusal("must be JSON", f"/{name}") from None
    return fields


def _validated(validate: Callable[[Any], Body], value: Any) -> Body:
    try:
        return validate(value)
    except ValidationError as error:
        fault = first_fault(error)
        if fault.is_syntax:
            raise MalformedError(f"The body is not valid JSON: {fault.message}.") from None
        detail = f"{fault.field}: {fault.message}." if fault.field else f"The body {fault.message}."
        raise InvalidRequestError(detail, body_faults(error)) from None


def _search(body: SearchBody, uploaded: bytes | None, max_image_bytes: int, place: str = "") -> SearchRequest:
    """`place` is the JSON pointer of the search in the body."""
    given = [(kind, value, term.weight) for term in body.all_terms() for kind, value in term.given()]
    terms, images = _terms(given, place)
    if uploaded is not None:
        images[len(terms)] = uploaded
        terms.append(Term("image", ""))
    if not terms:
        raise refusal(f"a query needs at least one of {', '.join(KINDS)} or terms", place)
    if len(terms) > MAX_TERMS:
        raise refusal(f"a query has at most {MAX_TERMS} terms", f"{place}/terms")
    _check_sizes(images, max_image_bytes)
    if body.offset + body.top_k > MAX_WINDOW:
        reason = f"offset + top_k must be at most {MAX_WINDOW}; narrow the search by a filter instead"
        raise refusal(reason, f"{place}/offset")
    query = Query(
        tuple(terms),
        body.top_k,
        _checked(check_name, body.collection, f"{place}/collection"),
        offset=body.offset,
        filter=body.filter,
        max_distance=body.max_distance,
        group_distance=body.group_distance,
        exact=body.exact,
        include_embedding="embedding" in body.include,
        after_job=body.after_job,
    )
    if body.filter is not None:
        _checked(parse, body.filter, f"{place}/filter")
    labels = JobLabels(request_id.current(), body.name, body.metadata)
    callback = GivenCallback(body.callback_url, body.callback_events, place)
    return SearchRequest(query, images, body.timeout_ms, labels, callback, place)


def _terms(given: Iterable[tuple[TermKind, str, float]], place: str) -> tuple[list[Term], dict[int, bytes]]:
    """Terms from kinds, values and weights; images are decoded."""
    terms: list[Term] = []
    images: dict[int, bytes] = {}
    for kind, value, weight in given:
        if kind == "image":
            images[len(terms)] = _base64(value, place)
        terms.append(Term(kind, "" if kind == "image" else value, weight))
    return terms, images


def _check_sizes(images: Mapping[int, bytes], max_image_bytes: int) -> None:
    if any(len(content) > max_image_bytes for content in images.values()):
        raise PayloadTooLargeError(f"The image is larger than {max_image_bytes} bytes (LICHTBILD_MAX_IMAGE_BYTES).")


def _base64(text: str, place: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    # binascii.Error is a ValueError; for non-ASCII characters the library raises a plain ValueError.
    except ValueError:
        raise refusal("image must be base64", place) from None


def _checked(check: Callable[[Any], Any], value: Any, place: str) -> Any:
    """The result of `check`, whose refusal gets the place of the value."""
    try:
        return check(value)
    except InvalidRequestError as error:
        raise refusal(str(error).removesuffix("."), place) from None


def refusal(reason: str, place: str) -> InvalidRequestError:
    """An error with its place in the body, a JSON pointer."""
    at = ".".join(place.split("/")[1:])
    return InvalidRequestError(
        f"{at}: {reason}." if at else f"{reason[0].upper()}{reason[1:]}.", [Fault(reason, pointer=place)]
    )
