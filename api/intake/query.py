"""From the body of a search request to a query and the bytes of its images."""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, Self

from flask import Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from api.http.validation import body_faults, first_fault
from shared.domain.collection_name import DEFAULT_COLLECTION, check_name
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
from shared.errors import InvalidRequestError, MalformedError, PayloadTooLargeError

_KINDS: tuple[TermKind, ...] = ("text", "image_url", "image", "photo_id")
_TEXTS = {*_KINDS, "collection", "after_job"}


class GivenBody(BaseModel):
    """A text, an image by URL or in base64, or a stored photo."""

    model_config = ConfigDict(extra="forbid", strict=True)

    text: str | None = None
    image_url: str | None = None
    image: str | None = None
    photo_id: str | None = None

    def given(self) -> list[tuple[TermKind, str]]:
        return [(kind, value) for kind in _KINDS if (value := getattr(self, kind)) is not None]


class TermBody(GivenBody):
    """One term: exactly one of the kinds, and its weight."""

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
        if value is not None and (problem := url_problem(value)):
            raise ValueError(problem)
        return value

    @field_validator("photo_id")
    @classmethod
    def _photo_id(cls, value: str | None) -> str | None:
        if value is not None and (problem := photo_id_problem(value)):
            raise ValueError(problem)
        return value

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if len(self.given()) != 1:
            raise ValueError(f"must have exactly one of {', '.join(_KINDS)}")
        return self


class SearchBody(GivenBody):
    """A search as a client writes it; its own `text`, `image_url`, `image` and `photo_id` are terms of weight 1."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "a dog on a beach", "top_k": 3, "filter": {"width": {"gte": 2000}}},
                {"terms": [{"photo_id": "beach-1"}, {"text": "at night", "weight": -0.5}], "group_distance": 0.1},
            ]
        }
    )

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
        """Shorthand terms first, checked like the others."""
        return [TermBody.model_validate({kind: value}) for kind, value in self.given()] + self.terms


def read_query(request: Request, max_image_bytes: int) -> tuple[Query, dict[int, bytes], int | None]:
    """Read a JSON or multipart body: the query, image bytes by the index of their term, and the timeout in ms.

    Raises InvalidRequestError, MalformedError or PayloadTooLargeError.
    """
    # Room for each image in base64, and for texts.
    request.max_content_length = request.max_form_memory_size = max_image_bytes * 2 + 1024 * 1024
    body, uploaded = _read(request)
    query, images = _query(body, uploaded, max_image_bytes)
    return query, images, body.timeout_ms


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
        body = validate(value)
        # Validate the shorthand terms here, so that their faults are reported like any other.
        body.all_terms()
    except ValidationError as error:
        fault = first_fault(error)
        if fault.is_syntax:
            raise MalformedError(f"The body is not valid JSON: {fault.message}.") from None
        detail = f"{fault.field}: {fault.message}." if fault.field else f"{fault.message}."
        raise InvalidRequestError(detail, body_faults(error)) from None
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


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    # binascii.Error is a ValueError; for non-ASCII characters the library raises a plain ValueError.
    except ValueError:
        raise InvalidRequestError("image: must be base64.") from None
