"""Query parameters and headers: their types, and their validation."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
    WrapValidator,
)
from werkzeug.datastructures import Headers, MultiDict

from api.http import request_id
from api.http.validation import MAX_FAULTS, checked, first_fault, parameter_faults
from shared.addresses.web_url import url_problem
from shared.domain.callback import EVENTS, Event
from shared.domain.collection_name import COLLECTION_PATTERN, DEFAULT_COLLECTION, collection_problem
from shared.domain.items import normal_id, photo_id_problem
from shared.domain.job_labels import MAX_METADATA_BYTES, MAX_NAME_BYTES, JobLabels, metadata_problem, name_problem
from shared.errors import Fault, InvalidRequestError

MAX_WAIT_SECONDS = 30.0
_MAX_DIGITS = 40


class Parameters(BaseModel):
    """Base of a route's parameters. Unknown names are rejected, so that a misspelt one is not ignored."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, use_attribute_docstrings=True)


class NoParameters(Parameters):
    """For routes without parameters."""


Given = TypeVar("Given", bound=Parameters)


# ASCII only: `\d` and `float` also read the digits of other scripts.
_NUMBER = re.compile(r"([0-9]+(\.[0-9]+)?|\.[0-9]+)")


def _float(text: str) -> float | None:
    return float(text) if len(text) <= _MAX_DIGITS and _NUMBER.fullmatch(text) else None


def _seconds(text: str) -> float:
    seconds = _float(text)
    if seconds is None:
        raise ValueError("must be a number of seconds")
    return min(seconds, MAX_WAIT_SECONDS)


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError("must be a whole number")
    return int(text)


def _ratio(text: str) -> float:
    ratio = _float(text)
    if ratio is None or ratio >= 1:
        raise ValueError("must be a number from 0 to less than 1, for example 0.05")
    return ratio


def _key(text: str) -> str:
    key = text.strip().removeprefix('"').removesuffix('"')
    if not re.fullmatch(r"[\x20-\x7e]{1,255}", key):
        raise ValueError("must be 1 to 255 printable ASCII characters")
    return key


def _preferred_wait(text: str) -> int | None:
    """The `wait` of a `Prefer` header (RFC 7240), which requires that other preferences are ignored."""
    found = re.search(r'(?:^|[,;])\s*wait\s*=\s*"?([0-9]{1,6})"?\s*(?:$|[,;])', text, re.IGNORECASE)
    return min(int(found[1]), int(MAX_WAIT_SECONDS)) if found else None


def _metadata(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("must be a JSON object") from None


Collection = Annotated[
    str,
    AfterValidator(checked(collection_problem)),
    Field(
        description="The collection's name.",
        examples=[DEFAULT_COLLECTION],
        json_schema_extra={"pattern": COLLECTION_PATTERN},
    ),
]
PhotoIdPart = Annotated[str, AfterValidator(normal_id), AfterValidator(checked(photo_id_problem))]
WaitSeconds = Annotated[
    float,
    BeforeValidator(_seconds),
    Field(ge=0, description="Seconds to wait for the job to end; more than 30 count as 30.", examples=[10]),
]
JobName = Annotated[
    str,
    AfterValidator(checked(name_problem)),
    Field(description=f"A name for the job: one line of at most {MAX_NAME_BYTES} bytes.", examples=["holiday 2024"]),
]
JobMetadata = Annotated[
    dict[str, Any],
    BeforeValidator(_metadata),
    AfterValidator(checked(metadata_problem)),
    WithJsonSchema({"type": "string", "contentMediaType": "application/json", "examples": ['{"order": 7}']}),
    Field(description=f"A JSON object for the job, at most {MAX_METADATA_BYTES} bytes."),
]
WholeNumber = Annotated[int, BeforeValidator(_number)]
Ratio = Annotated[float, BeforeValidator(_ratio), Field(ge=0, lt=1, examples=[0.1])]
IdempotencyKey = Annotated[
    str | None,
    BeforeValidator(_key),
    Field(
        alias="Idempotency-Key",
        description="Makes a retry safe: the same key and body return the job of the first request, another body is a "
        "422. Keys are kept for a day.",
        examples=["photos-2026-03-01"],
    ),
]
PreferredWait = Annotated[
    int | None,
    BeforeValidator(_preferred_wait),
    WithJsonSchema({"type": "string"}),
    Field(
        alias="Prefer",
        description="`wait=N`: seconds to wait for the result; more than 30 count as 30.",
        examples=["wait=10"],
    ),
]


def _events(text: str) -> list[str]:
    return text.split(",")


CallbackUrl = Annotated[
    str,
    AfterValidator(checked(url_problem)),
    Field(
        description="Where webhooks about the job are sent: an http or https URL with a public address.",
        examples=["https://example.org/hooks/lichtbild"],
    ),
]
CallbackEvents = Annotated[
    list[Event],
    BeforeValidator(_events),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": rf"^({'|'.join(EVENTS)})(,({'|'.join(EVENTS)}))*$",
            "description": "The events that are sent, comma-separated; all of them by default.",
            "examples": ["succeeded,failed"],
        }
    ),
]
ContentEncoding = Annotated[
    Literal["gzip", "identity"],
    # The body's reader checks it: another encoding is a 415, like another media type.
    WrapValidator(lambda value, _: value),
    Field(alias="Content-Encoding", description="`gzip`: the body is compressed."),
]


def cursor_of(form: str) -> Callable[[str], str]:
    """A validator of cursors: a cursor is the whole of `form`, a regular expression."""

    def problem(text: str) -> str | None:
        return None if re.fullmatch(form, text) else "must be the `next_cursor` of an earlier page"

    return checked(problem)


class Labelled(Parameters):
    """`?name=` and `?metadata=` of a new job."""

    name: JobName | None = None
    metadata: JobMetadata = Field(default_factory=dict)

    def labels(self) -> JobLabels:
        return JobLabels(request_id.current(), self.name, self.metadata)


class Notifying(Parameters):
    """`?callback_url=` and `?callback_events=` of a new job."""

    callback_url: CallbackUrl | None = None
    callback_events: CallbackEvents | None = None


class InCollection(Parameters):
    """`?collection=`."""

    collection: Collection = DEFAULT_COLLECTION


class Retryable(Parameters):
    """`Idempotency-Key`."""

    idempotency_key: IdempotencyKey = None


def read_query(model: type[Given], given: "MultiDict[str, str]") -> Given:
    """Read a query string. Raises InvalidRequestError for an unknown, repeated or invalid parameter."""
    misplaced = dict(_misplaced(model, given))
    faults = [Fault(message, parameter=name) for name, message in misplaced.items()]
    try:
        values = _validated(model, {name: given[name] for name in given if name not in misplaced})
    except InvalidRequestError as error:
        detail = next(iter(misplaced.values()), str(error))
        raise InvalidRequestError(detail, [*faults, *error.faults][:MAX_FAULTS]) from None
    if faults:
        raise InvalidRequestError(faults[0].message, faults[:MAX_FAULTS])
    return values


def read_parts(types: Mapping[str, "TypeAdapter[str]"], given: Mapping[str, str]) -> dict[str, str]:
    """Read the parts of a path. Raises InvalidRequestError for an invalid one."""
    parts = dict(given)
    for name, adapter in types.items():
        try:
            parts[name] = adapter.validate_python(given[name])
        except ValidationError as error:
            message = first_fault(error).message
            raise InvalidRequestError(f"`{name}` {message}.", [Fault(message, parameter=name)]) from None
    return parts


def read_headers(model: type[Given], given: Headers) -> Given:
    """Read the headers that a model names. Raises InvalidRequestError for an invalid one."""
    names = [field.alias for field in model.model_fields.values() if field.alias]
    return _validated(model, {name: given[name] for name in names if name in given})


def _validated(model: type[Given], given: dict[str, Any]) -> Given:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        fault = first_fault(error)
        raise InvalidRequestError(f"`{fault.field}` {fault.message}.", parameter_faults(error)) from None


def _misplaced(model: type[Parameters], given: "MultiDict[str, str]") -> Iterator[tuple[str, str]]:
    """The unknown and the repeated parameters, each with its message."""
    for name, values in given.lists():
        if name not in model.model_fields:
            known = ", ".join(sorted(model.model_fields)) or "none"
            yield name, f"Unknown query parameter {name!r}; this path accepts: {known}."
        elif len(values) > 1:
            yield name, f"`{name}` is given {len(values)} times; give it once."
