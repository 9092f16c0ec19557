"""Requests that the OpenAPI document allows, and values that it forbids, read off the document itself."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from tests.api.conftest import api_document, resolved

# Values of all kinds of JSON; those that a schema allows are no test of it.
_VALUES: list[Any] = [None, True, -1, 1.5, 1e9, "x", "", [], {}, [None], [1], ["x"], {"x": 1}]
_TEXTS = ["", "x", "-1", "+1", " 1", "1.5", "1e3", "nan", "inf", "9" * 30, "٣", "[]", "[" * 9999, '{"a": NaN}', "\0"]


@dataclass(frozen=True)
class Declared:
    """One operation of the document. `json` is the example of its JSON body, None without one."""

    name: str
    method: str
    path: str
    query: dict[str, dict[str, Any]]
    bodies: dict[str, dict[str, Any]]
    needs_key: bool

    @property
    def json(self) -> Any:
        return next(self.examples(), None)

    def examples(self) -> Iterator[Any]:
        """The examples of its JSON body."""
        for example in self.bodies.get("application/json", {}).get("examples", {}).values():
            yield example["value"]

    def at(self, **parts: str) -> str:
        """Its path with these parts."""
        return self.path.format(**parts)


def declared() -> Iterator[Declared]:
    """All operations."""
    for path, methods in api_document()["paths"].items():
        for method, operation in methods.items():
            parameters = map(resolved, operation["parameters"])
            query = {parameter["name"]: parameter for parameter in parameters if parameter["in"] == "query"}
            bodies = operation.get("requestBody", {}).get("content", {})
            needs_key = operation.get("security") != []
            yield Declared(operation["operationId"], method.upper(), path, query, bodies, needs_key)


def wrong_texts(parameter: dict[str, Any]) -> Iterator[str]:
    """Texts that are no value of a query parameter."""
    schema = parameter["schema"]
    is_bounded = schema.keys() & {"enum", "const", "pattern", "minLength"}
    for text in _TEXTS:
        if schema.get("contentMediaType") == "application/json":
            yield from [text] if text != "{}" else []
        elif schema["type"] == "string":
            yield from [text] if is_bounded and not _is_valid(text, schema) else []
        elif not _is_valid(_read(text, schema["type"]), schema):
            yield text


def _read(text: str, kind: str) -> Any:
    """The value that a text stands for, None for none. Pydantic reads booleans in several spellings."""
    if kind == "boolean":
        return {"true": True, "false": False}.get(text)
    form = {"integer": "[0-9]{1,9}", "number": r"[0-9]{1,40}(\.[0-9]+)?"}[kind]
    return json.loads(text) if re.fullmatch(form, text) else None


def places(value: Any, schema: dict[str, Any], at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The pointer and the schema of a body, and of all that it has and may have."""
    schema = _followed(schema)
    yield at, schema
    for kind in map(_followed, schema.get("anyOf", [schema])):
        if isinstance(value, dict):
            for name, part in kind.get("properties", {}).items():
                yield from places(value.get(name), part, f"{at}/{name}")
        if isinstance(value, list) and "items" in kind:
            for number, element in enumerate(value):
                yield from places(element, kind["items"], f"{at}/{number}")


def wrong_values(schema: dict[str, Any]) -> Iterator[Any]:
    """JSON values that a schema forbids."""
    return (value for value in _VALUES if not _is_valid(value, schema))


def is_closed(schema: dict[str, Any]) -> bool:
    """Whether it is an object without other fields than its own."""
    return _followed(schema).get("additionalProperties") is False


def replaced(body: Any, pointer: str, value: Any) -> Any:
    """A copy of `body` with `value` at a JSON pointer."""
    if not pointer:
        return value
    *way, last = pointer.split("/")[1:]
    copy = part = json.loads(json.dumps(body))
    for step in way:
        part = part[int(step)] if isinstance(part, list) else part[step]
    part[int(last) if isinstance(part, list) else last] = value
    return copy


def _followed(schema: dict[str, Any]) -> dict[str, Any]:
    return resolved(schema) if "$ref" in schema else schema


def _is_valid(value: Any, schema: dict[str, Any]) -> bool:
    return Draft202012Validator({**schema, "components": api_document()["components"]}).is_valid(value)
