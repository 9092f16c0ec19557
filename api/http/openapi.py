"""The OpenAPI 3.1 document, read off the declarations of the routes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from itertools import groupby
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from api.http import request_id
from api.http.operations import Answer, Body, Operation
from shared.domain.results import Problem
from shared.errors import InvalidRequestError, LichtbildError, UnavailableError

_REF = "#/components/schemas/{model}"
_PATH_PARTS = {
    "job_id": "The job's id.",
    "photo_id": "The photo's id, as one percent-encoded part of the path, even if it contains `/`.",
    "name": "The name, as in the list or link.",
}
_HEADERS = {
    "Location": "The job's address.",
    "Retry-After": "Seconds to wait before the next request.",
    "Idempotency-Replayed": "`true`: an earlier request with this key created the job.",
    "Preference-Applied": "The preference that was applied.",
    request_id.HEADER: "The request's id, as in problems, jobs and the log of the API.",
}
_REQUEST_ID = {
    "name": request_id.HEADER,
    "in": "header",
    "description": "An id for this request, to find it in problems, jobs and logs. Others are replaced by a new one.",
    "schema": {"type": "string", "pattern": request_id.PATTERN},
}
_REFUSALS: Mapping[int, str] = {
    401: "A key is required, and the request has none of LICHTBILD_API_KEYS.",
    403: "The `Host` or `Origin` is not one that the API serves.",
    500: "A bug in Lichtbild; the log has the details.",
}
_COMMON: Sequence[type[LichtbildError]] = (InvalidRequestError, UnavailableError)


class _Schemas(GenerateJsonSchema):
    """Without titles that only repeat the name of a field."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        return False


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The document of all operations, as JSON values."""
    listed = sorted(operations, key=lambda operation: (path_of(operation), operation.method))
    schemas = _Collected(listed)
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Lichtbild",
            "version": version,
            "summary": "Asynchronous image search by text, image, or both.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"key": []}],
        "tags": [{"name": subject} for subject in sorted({operation.subject for operation in listed})],
        "paths": {
            path: {operation.method.lower(): schemas.operation(operation) for operation in group}
            for path, group in groupby(listed, key=path_of)
        },
        "components": {
            "schemas": schemas.components,
            "headers": {
                name: {"description": description, "schema": {"type": "string"}}
                for name, description in _HEADERS.items()
            },
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
    }


class _Collected:
    """The JSON schemas of all operations, with those that several use in `components`."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        answers = [answer.content for operation in operations for answer in operation.answers if answer.content]
        bodies = [body for operation in operations for body in _models(operation.body)]
        inputs = [(answer, "serialization", TypeAdapter(answer)) for answer in dict.fromkeys([*answers, Problem])]
        inputs += [(body, "validation", TypeAdapter(body)) for body in dict.fromkeys(bodies)]
        self._schemas, defs = TypeAdapter.json_schemas(
            inputs,  # type: ignore[arg-type]
            ref_template=_REF,
            schema_generator=_Schemas,
        )
        self.components = defs["$defs"]

    def operation(self, operation: Operation) -> dict[str, Any]:
        summary, _, rest = operation.description.partition("\n")
        described: dict[str, Any] = {"operationId": operation.name, "summary": summary, "tags": [operation.subject]}
        if rest.strip():
            described["description"] = rest.strip()
        parameters = [*_path_parts(operation), *_given(operation.query, "query"), *_given(operation.headers, "header")]
        described["parameters"] = [*parameters, _REQUEST_ID]
        if operation.body:
            described["requestBody"] = self._body(operation.body)
        described["responses"] = self._answers(operation) | self._problems(operation)
        return described

    def _body(self, body: Body) -> dict[str, Any]:
        content = {
            media: {"schema": self._schemas[given, "validation"]} if isinstance(given, type) else dict(given)
            for media, given in body.content.items()
        }
        return {"description": body.description, "required": True, "content": content}

    def _answers(self, operation: Operation) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        for answer in operation.answers:
            entry = answers.setdefault(str(answer.status), {"description": answer.description})
            entry["headers"] = _headers(*answer.headers)
            if answer.status not in (204, 304):
                entry.setdefault("content", {})[answer.media_type] = {"schema": self._content(answer)}
        return answers

    def _content(self, answer: Answer) -> Any:
        return self._schemas[answer.content, "serialization"] if answer.content else {"type": "string"}

    def _problems(self, operation: Operation) -> dict[str, Any]:
        answered = {answer.status for answer in operation.answers}
        causes: dict[int, list[str]] = {status: [reason] for status, reason in _REFUSALS.items()}
        for error in (*_COMMON, *operation.raises):
            causes.setdefault(error.status, []).append(f"`{error.code}`: {(error.__doc__ or '').splitlines()[0]}")
        return {
            str(status): {
                "description": " ".join(texts) or HTTPStatus(status).phrase,
                "headers": _headers(*(["Retry-After"] if status in (429, 503) else [])),
                "content": {"application/problem+json": {"schema": self._schemas[Problem, "serialization"]}},
            }
            for status, texts in sorted(causes.items())
            if status not in answered
        }


def _models(body: Body | None) -> list[type]:
    return [given for given in body.content.values() if isinstance(given, type)] if body else []


def _headers(*names: str) -> dict[str, Any]:
    """The headers of an answer; each answer has its request's id."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*names, request_id.HEADER)}


def path_of(operation: Operation) -> str:
    """The path as OpenAPI writes it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", operation.path)


def _path_parts(operation: Operation) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "description": _PATH_PARTS[name], "schema": {"type": "string"}}
        for name in re.findall(r"{(\w+)}", path_of(operation))
    ]


def _given(model: type[BaseModel], place: str) -> list[dict[str, Any]]:
    """The parameters of a query or of headers. None of them is nullable on the wire: it is left out instead."""
    found = []
    for name, schema in model.model_json_schema(schema_generator=_Schemas).get("properties", {}).items():
        kinds = [kind for kind in schema.pop("anyOf", ()) if kind != {"type": "null"}]
        schema.update(kinds[0] if kinds else {})
        if schema.get("default", "") is None:
            del schema["default"]
        entry = {"name": name, "in": place, "schema": schema}
        if description := schema.pop("description", ""):
            entry["description"] = description
        found.append(entry)
    return found
