"""The OpenAPI 3.1 document, read off the declarations of the routes."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

from pydantic import TypeAdapter

from api.http.openapi.json_schema import UntitledSchemas
from api.http.openapi.parameters import headers, parameters, path_of, shared_headers, shared_parameters
from api.http.openapi.problems import Problems
from api.http.operations import Answer, Body, Form, Operation
from shared.domain.answer_json import to_json
from shared.domain.results import Problem

_REF = "#/components/schemas/{model}"
_ABOUT = """\
Ingests, searches, deletions and index builds are jobs: a request returns a job with its id, and clients poll the job,
or follow it as Server-Sent Events, until it has ended.

Every answer has an `X-Request-ID`. Errors are `application/problem+json` (RFC 9457) with a stable `code`. If the server
has keys (`LICHTBILD_API_KEYS`), paths under `/v1/` need one."""


def document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """The document of all operations, as JSON values."""
    operations = [*operations]
    listed = sorted(operations, key=lambda operation: (path_of(operation), operation.method))
    parts = _Parts(listed)
    paths = {
        path: {operation.method.lower(): parts.operation(operation) for operation in group}
        for path, group in groupby(listed, key=path_of)
    }
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Lichtbild",
            "version": version,
            "summary": "Asynchronous image search by text, image, or both.",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{}, {"key": []}],
        "tags": [{"name": subject} for subject in dict.fromkeys(operation.subject for operation in operations)],
        "paths": paths,
        "components": {
            "schemas": parts.schemas,
            "parameters": shared_parameters(),
            "headers": shared_headers(),
            "responses": dict(sorted(parts.problems.responses.items())),
            "examples": parts.problems.examples(),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "One of the server's LICHTBILD_API_KEYS."}
            },
        },
    }


# `format` is for the many generators that know files by it; OpenAPI 3.1 itself needs no `format`.
_FILE = {"type": "string", "format": "binary", "description": "The bytes of an image."}
# Answers that are files, not texts of a form that could have an example: pictures, and those of the page.
_FILES = ("image/", "text/html", "*/*")


class _Parts:
    """The parts of the document that need the JSON schemas of all operations; what several use is in `components`."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        answers = [answer.content for operation in operations for answer in operation.answers if answer.content]
        bodies = [body for operation in operations for body in _models(operation.body)]
        inputs = [(answer, "serialization", TypeAdapter(answer)) for answer in dict.fromkeys([*answers, Problem])]
        inputs += [(body, "validation", TypeAdapter(body)) for body in dict.fromkeys(bodies)]
        self._by_type, defs = TypeAdapter.json_schemas(
            inputs,  # type: ignore[arg-type]
            ref_template=_REF,
            schema_generator=UntitledSchemas,
        )
        self.schemas = defs["$defs"]
        self._examples = {body: self._of(body).pop("examples", []) for body in dict.fromkeys(bodies)}
        self.problems = Problems(self._by_type[Problem, "serialization"])

    def operation(self, operation: Operation) -> dict[str, Any]:
        summary, _, rest = operation.description.partition("\n")
        described: dict[str, Any] = {"operationId": operation.name, "summary": summary, "tags": [operation.subject]}
        if rest.strip():
            described["description"] = rest.strip()
        if not operation.needs_key:
            described["security"] = []
        described["parameters"] = parameters(operation)
        if operation.body:
            described["requestBody"] = self._body(operation.body)
        described["responses"] = self._answers(operation) | self.problems.of(operation)
        return described

    def _body(self, body: Body) -> dict[str, Any]:
        content = {media: self._given(given) for media, given in body.content.items()}
        return {"description": body.description, "required": True, "content": content}

    def _given(self, given: Any) -> dict[str, Any]:
        if isinstance(given, Form):
            return self._form(given)
        if not isinstance(given, type):
            return dict(given)
        return {"schema": self._by_type[given, "validation"], "examples": self._named_examples(given)}

    def _form(self, form: Form) -> dict[str, Any]:
        schema = self._of(form.model)
        fields = {name: _form_field(field) for name, field in schema["properties"].items()} | {form.file: _FILE}
        nested = {name: {"contentType": "application/json"} for name, field in fields.items() if _is_nested(field)}
        return {
            "schema": schema | {"properties": fields},
            "encoding": {form.file: {"contentType": "image/*"}, **nested},
            "examples": self._named_examples(form.model),
        }

    def _of(self, model: type) -> dict[str, Any]:
        """The schema of a body in `components`."""
        reference: str = self._by_type[model, "validation"]["$ref"]
        schema: dict[str, Any] = self.schemas[reference.rpartition("/")[2]]
        return schema

    def _named_examples(self, model: type) -> dict[str, Any]:
        return {f"example{n}": {"value": value} for n, value in enumerate(self._examples[model], start=1)}

    def _answers(self, operation: Operation) -> dict[str, Any]:
        answers: dict[str, Any] = {}
        for answer in operation.answers:
            entry = answers.setdefault(str(answer.status), {"description": answer.description})
            entry["headers"] = headers(*answer.headers)
            if answer.status not in (204, 304):
                entry.setdefault("content", {})[answer.media_type] = self._content(answer)
            if answer.links:
                entry["links"] = {
                    link.operation: {
                        "operationId": link.operation,
                        "description": link.description,
                        "parameters": dict(link.parameters),
                    }
                    for link in answer.links
                }
        return answers

    def _content(self, answer: Answer) -> dict[str, Any]:
        schema = self._by_type[answer.content, "serialization"] if answer.content else _text(answer.media_type)
        content: dict[str, Any] = {"schema": schema}
        if answer.example is not None:
            content["example"] = to_json(answer.example)
        return content


def _models(body: Body | None) -> list[type]:
    given = [model.model if isinstance(model, Form) else model for model in body.content.values()] if body else []
    return [model for model in given if isinstance(model, type)]


def _text(media_type: str) -> dict[str, Any]:
    return {"type": "string", **({"format": "binary"} if media_type.startswith(_FILES) else {})}


def _form_field(field: Mapping[str, Any]) -> dict[str, Any]:
    """A form cannot send null. Without a default here, generated clients leave out what was not given."""
    kinds = [kind for kind in field.get("anyOf", ()) if kind != {"type": "null"}]
    plain = {word: value for word, value in field.items() if word not in ("anyOf", "default")}
    return plain | (kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})


def _is_nested(field: Mapping[str, Any]) -> bool:
    """Whether a field of a form is an array or an object, and therefore JSON."""
    return any(kind.get("type") in ("array", "object") for kind in (field, *field.get("anyOf", ())))
