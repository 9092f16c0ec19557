"""`POST /v1/search`: queues a query; responds immediately, or with `Prefer: wait` when the search is finished."""

import base64
import json
from collections.abc import Mapping
from typing import Any, Literal, Self

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from api.http import parameters as arguments
from api.http.validation import first_fault
from api.services import services
from shared.catalogue.interface import DEFAULT_COLLECTION, check_name
from shared.domain.filters import parse
from shared.domain.items import photo_id_problem, url_problem
from shared.domain.queries import (
    MAX_TERMS,
    MAX_TEXT_BYTES,
    MAX_TIMEOUT_MS,
    MAX_TOP_K,
    MAX_WINDOW,
    Query,
    Term,
    TermKind,
)
from shared.errors import (
    InvalidRequestError,
    MalformedError,
    NotFoundError,
    PayloadTooLargeError,
    UnsupportedTypeError,
)

routes = Blueprint("search", __name__)

_KINDS: tuple[TermKind, ...] = ("text", "image_url", "image", "photo_id")
_TEXTS = {*_KINDS, "collection", "after_job"}


class GivenBody(BaseModel):
    """The kinds of terms: a text, an image by URL or in base64, a stored photo."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str | None = None
    image_url: str | None = None
    image: str | None = None
    photo_id: str | None = None

    def given(self) -> list[tuple[TermKind, str]]:
        return [(kind, value) for kind in _KINDS if (value := getattr(self, kind)) is not None]


class TermBody(GivenBody):
    """One term: exactly one kind, and a weight."""

    weight: float = Field(1.0, ge=-100, le=100, allow_inf_nan=False)

    @field_validator("text")
    @classmethod
    def _text(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("must not be empty")
        if value is not None and len(value.encode("utf-8", "surrogatepass")) > MAX_TEXT_BYTES:
            raise ValueError(f"must be at most {MAX_TEXT_BYTES} bytes of UTF-8")
        return value

    @field_validator("image_url")
    @classmethod
    def _image_url(cls, value: str | None) -> str | None:
        if value is not None and (said := url_problem(value)):
            raise ValueError(said)
        return value

    @field_validator("photo_id")
    @classmethod
    def _photo_id(cls, value: str | None) -> str | None:
        if value is not None and (said := photo_id_problem(value)):
            raise ValueError(said)
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if len(self.given()) != 1:
            raise ValueError(f"must have exactly one of {', '.join(_KINDS)}")
        return self


class SearchBody(GivenBody):
    """The body of a search. The fields `text`, `image_url`, `image` and `photo_id` are terms of weight 1."""

    terms: list[TermBody] = Field(default_factory=list)
    top_k: int = Field(5, ge=1, le=MAX_TOP_K)
    offset: int = Field(0, ge=0)
    filter: dict[str, Any] | None = None
    max_distance: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    group_distance: float | None = Field(None, ge=0, le=2, allow_inf_nan=False)
    exact: bool = False
    include: list[Literal["embedding"]] = Field(default_factory=list)
    after_job: str | None = None
    timeout_ms: int | None = Field(None, ge=1, le=MAX_TIMEOUT_MS)
    collection: str = DEFAULT_COLLECTION

    def all_terms(self) -> list[TermBody]:
        """All terms, those from the shorthand fields first, validated like the others."""
        return [TermBody.model_validate({kind: value}) for kind, value in self.given()] + self.terms


@routes.post("/v1/search")
def search() -> ResponseReturnValue:
    arguments.only(())
    parts = services()
    limit = parts.settings.max_image_bytes
    # Enough for all images in base64, and for texts.
    request.max_content_length = request.max_form_memory_size = limit * 2 + 1024 * 1024
    body, uploaded = _read()
    query, images = _query(body, uploaded, limit)
    _check_after_job(query)
    created = parts.searches.enqueue(query, images, body.timeout_ms)
    if created.must_ring:
        parts.doorbell.ring_search()
    job_id = created.job_id
    wait = arguments.preferred_wait()
    job = parts.watcher.wait(job_id, wait or 0)
    headers = {"Location": f"/v1/jobs/{job_id}"}
    if wait is not None:
        headers["Preference-Applied"] = f"wait={wait}"
    if job.is_final:
        return job.as_json(), 200, headers
    return job.as_json(), 202, {**headers, "Retry-After": "1"}


def _read() -> tuple[SearchBody, bytes | None]:
    """The query, and the bytes of an uploaded file part `image`."""
    if request.mimetype == "application/json":
        return _validated(SearchBody.model_validate_json, request.get_data()), None
    if request.mimetype == "multipart/form-data":
        unknown = [name for name in request.files if name != "image"]
        if unknown or len(request.files.getlist("image")) > 1:
            raise InvalidRequestError("The only file part allowed is one `image`.")
        file = request.files.get("image")
        return _validated(SearchBody.model_validate, _form()), file.read() if file else None
    raise UnsupportedTypeError("Content-Type must be application/json or multipart/form-data.")


def _form() -> Mapping[str, Any]:
    """The form fields. A field that is not a text in the query is parsed as JSON."""
    fields: dict[str, Any] = dict(request.form)
    try:
        for name in fields.keys() - _TEXTS:
            fields[name] = json.loads(fields[name])
    except ValueError as error:
        raise InvalidRequestError(f"{name}: must be JSON.") from error
    return fields


def _validated(validate: Any, value: Any) -> SearchBody:
    try:
        body: SearchBody = validate(value)
        # Validated here, so that an error in a shorthand field is reported like any other.
        body.all_terms()
    except ValidationError as error:
        fault = first_fault(error)
        if fault.is_syntax:
            raise MalformedError(f"The body is not valid JSON: {fault.message}.") from None
        raise InvalidRequestError(f"{fault.field}: {fault.message}." if fault.field else f"{fault.message}.") from None
    return body


def _query(body: SearchBody, uploaded: bytes | None, max_image_bytes: int) -> tuple[Query, dict[int, bytes]]:
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
        raise InvalidRequestError(f"A query needs at least one of {', '.join(_KINDS)} or terms.")
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
    return query, images


def _check_after_job(query: Query) -> None:
    """Reject an `after_job` that cannot make this collection's photos searchable."""
    if query.after_job is None:
        return
    try:
        job = services().jobs.get(query.after_job)
    except NotFoundError as error:
        raise InvalidRequestError(f"after_job: {error}") from None
    if job.kind == "search":
        raise InvalidRequestError("after_job: the job is a search; it must be an ingest or a deletion.")
    if job.collection != query.collection:
        raise InvalidRequestError(f"after_job: the job belongs to collection {job.collection!r}.")


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    # binascii.Error is a ValueError; non-ASCII characters raise a plain ValueError.
    except ValueError:
        raise InvalidRequestError("image: must be base64.") from None
