"""Parameters and headers in the OpenAPI document."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from api.http import request_id
from api.http.openapi.json_schema import UntitledSchemas
from api.http.operations import Operation

JOB_ID = "5f0c1d2e3b4a59687781"
REQUEST_ID = "shop-4711"
_JOB_URL = f"http://127.0.0.1:8700/v1/jobs/{JOB_ID}"

# By the name of a path's part: its description and an example.
_PATH_PARTS: Mapping[str, tuple[str, str]] = {
    "job_id": ("The job's id.", JOB_ID),
    "photo_id": ("The photo's id, as one percent-encoded part of the path, even if it contains `/`.", "beach-1"),
    "name": ("The name, as in the list or link.", "photos"),
}
# The headers of answers: description, schema, example.
_HEADERS: Mapping[str, tuple[str, dict[str, Any], Any]] = {
    "Location": ("The job's address.", {"type": "string", "format": "uri-reference"}, _JOB_URL),
    "Retry-After": ("Seconds to wait before the next request.", {"type": "integer", "minimum": 0}, 1),
    "Idempotency-Replayed": (
        "`true`: an earlier request with this key created the job.",
        {"type": "string", "const": "true"},
        "true",
    ),
    "Deleted-Photos": (
        "1 if the photo was stored, 0 if no photo had this id.",
        {"type": "integer", "minimum": 0, "maximum": 1},
        1,
    ),
    "Preference-Applied": ("The preference that was applied.", {"type": "string"}, "wait=10"),
    "WWW-Authenticate": ("How to send a key.", {"type": "string"}, "Bearer"),
    request_id.HEADER: (
        "The request's id, as in problems, jobs and the log of the API.",
        {"type": "string", "pattern": request_id.PATTERN},
        REQUEST_ID,
    ),
}
_REQUEST_ID = {
    "name": request_id.HEADER,
    "in": "header",
    "description": "An id for this request, to find it in problems, jobs and logs: 1 to 128 characters of "
    "`A-Z a-z 0-9 . _ -`. Any other is replaced by a new one.",
    "schema": {"type": "string"},
    "example": REQUEST_ID,
}
# Of a number that is read from text, pydantic writes the limits under its own names.
_KEYWORDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}


def path_of(operation: Operation) -> str:
    """The path as OpenAPI writes it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", operation.path)


def parameters(operation: Operation) -> list[dict[str, Any]]:
    """The parts of the path, the query and the headers of an operation."""
    return [
        *(_path_part(name, operation) for name in re.findall(r"{(\w+)}", path_of(operation))),
        *_given(operation.query, "query"),
        *_given(operation.headers, "header"),
        {"$ref": f"#/components/parameters/{request_id.HEADER}"},
    ]


def shared_parameters() -> dict[str, Any]:
    """The parameters of all operations, for `components`."""
    return {request_id.HEADER: _REQUEST_ID}


def shared_headers() -> dict[str, Any]:
    """The headers of answers, for `components`."""
    return {
        name: {"description": description, "schema": schema, "example": example}
        for name, (description, schema, example) in _HEADERS.items()
    }


def headers(*names: str) -> dict[str, Any]:
    """The headers of an answer; each answer has its request's id."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*names, request_id.HEADER)}


def _path_part(name: str, operation: Operation) -> dict[str, Any]:
    description, example = _PATH_PARTS[name]
    own = operation.parts[name].json_schema(schema_generator=UntitledSchemas) if name in operation.parts else {}
    schema = {"type": "string", "minLength": 1, **{word: own[word] for word in ("pattern",) if word in own}}
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": schema,
        "example": example,
    }


def _given(model: type[BaseModel], place: str) -> list[dict[str, Any]]:
    """The parameters of a query or of headers. None of them is nullable on the wire: it is left out instead."""
    found = []
    described = model.model_json_schema(schema_generator=UntitledSchemas)
    for name, written in described.get("properties", {}).items():
        kinds = [kind for kind in written.pop("anyOf", ()) if kind != {"type": "null"}]
        schema = {_KEYWORDS.get(word, word): value for word, value in (written | (kinds[0] if kinds else {})).items()}
        if schema.get("default", "") is None:
            del schema["default"]
        entry: dict[str, Any] = {"name": name, "in": place, "schema": schema}
        if description := schema.pop("description", ""):
            entry["description"] = description
        examples = schema.pop("examples", ()) or [*_values(schema)]
        if examples:
            entry["example"] = examples[0]
        found.append(entry)
    return found


def _values(schema: Mapping[str, Any]) -> list[Any]:
    """Values that the schema itself names."""
    named = [schema[word] for word in ("default", "const", "minimum") if schema.get(word) not in (None, "")]
    return [*named, *schema.get("enum", ())]
