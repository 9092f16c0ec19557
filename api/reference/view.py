"""What the page shows of the OpenAPI document: its references resolved, its texts as HTML."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from http import HTTPStatus
from operator import getitem
from typing import Any

from markupsafe import Markup, escape

from api.reference import samples
from api.reference.kinds import kind

Described = Mapping[str, Any]
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter, a header, or a property of a schema."""

    name: str
    kind: Markup
    description: Markup
    place: str = ""
    is_required: bool = False
    default: str = ""
    example: str = ""


@dataclass(frozen=True, slots=True)
class Content:
    """A body of one media type."""

    media: str
    kind: Markup
    description: Markup
    fields: Sequence[Field]
    samples: Sequence[str]


@dataclass(frozen=True, slots=True)
class Step:
    """What a client may do next."""

    operation: str
    description: Markup


@dataclass(frozen=True, slots=True)
class AnswerView:
    """An answer, or a problem."""

    status: str
    title: str
    description: Markup
    headers: Sequence[Field]
    contents: Sequence[Content]
    steps: Sequence[Step]

    @property
    def is_problem(self) -> bool:
        return any(content.media == "application/problem+json" for content in self.contents)


@dataclass(frozen=True, slots=True)
class OperationView:
    """One operation."""

    id: str
    method: str
    path: str
    summary: Markup
    description: Markup
    needs_key: bool
    parameters: Sequence[Field]
    body_description: Markup
    bodies: Sequence[Content]
    answers: Sequence[AnswerView]
    command: str


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one subject."""

    name: str
    operations: Sequence[OperationView]


@dataclass(frozen=True, slots=True)
class SchemaView:
    """A schema of `components`."""

    name: str
    kind: Markup
    description: Markup
    fields: Sequence[Field]


class View:
    """The document as the page shows it. `address` is that of the API, for the commands."""

    def __init__(self, document: Described, address: str) -> None:
        self._document = document
        self._address = address
        self.about = prose(document["info"]["description"])
        self.common = [_parameter(one) for one in document["components"]["parameters"].values()]
        self.groups = [Group(tag["name"], [*self._operations(tag["name"])]) for tag in document["tags"]]
        schemas = document["components"]["schemas"]
        self.schemas = [_schema(name, schemas[name]) for name in sorted(schemas)]
        self.problems = [self._resolved(example)["value"] for example in document["components"]["examples"].values()]
        self.problems.sort(key=lambda problem: (problem["status"], problem["code"]))
        self.causes = {code: prose(example["summary"]) for code, example in document["components"]["examples"].items()}

    def _operations(self, tag: str) -> Iterator[OperationView]:
        for path, methods in self._document["paths"].items():
            for method in _METHODS:
                if method in methods and tag in methods[method]["tags"]:
                    yield self._operation(method.upper(), path, methods[method])

    def _operation(self, method: str, path: str, operation: Described) -> OperationView:
        own = [_parameter(one) for one in operation["parameters"] if "$ref" not in one]
        operation = {**operation, "parameters": [self._resolved(one) for one in operation["parameters"]]}
        body = operation.get("requestBody", {"content": {}})
        return OperationView(
            id=operation["operationId"],
            method=method,
            path=path,
            summary=inline(operation["summary"].removesuffix(".")),
            description=prose(operation.get("description", "")),
            needs_key=operation.get("security") != [],
            parameters=own,
            body_description=inline(body.get("description", "")),
            bodies=[self._content(media, content) for media, content in body["content"].items()],
            answers=[self._answer(status, one) for status, one in sorted(operation["responses"].items())],
            command=samples.curl(method, path, operation, self._address),
        )

    def _answer(self, status: str, answer: Described) -> AnswerView:
        answer = self._resolved(answer)
        return AnswerView(
            status=status,
            title=HTTPStatus(int(status)).phrase,
            description=inline(answer["description"]),
            headers=[_header(name, self._resolved(one)) for name, one in answer.get("headers", {}).items()],
            contents=[self._content(media, content) for media, content in answer.get("content", {}).items()],
            steps=[Step(link["operationId"], inline(link["description"])) for link in answer.get("links", {}).values()],
        )

    def _content(self, media: str, content: Described) -> Content:
        schema = content["schema"]
        named = {name: self._resolved(example) for name, example in content.get("examples", {}).items()}
        values = [*samples.examples({**content, "examples": named})]
        is_form = media == "multipart/form-data"
        return Content(
            media=media,
            kind=kind(schema),
            description=inline(schema.get("description", "")),
            fields=_properties(schema),
            samples=[samples.form(value, _files(schema)) if is_form else samples.text(value) for value in values],
        )

    def _resolved(self, part: Described) -> Described:
        reference = part.get("$ref")
        return reduce(getitem, reference.split("/")[1:], self._document) if reference else part


def prose(text: str) -> Markup:
    """Paragraphs; text in backticks is code."""
    return Markup("").join(Markup("<p>{}</p>").format(inline(part)) for part in text.split("\n\n") if part)


def inline(text: str) -> Markup:
    """Text in backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - it is escaped


def _parameter(parameter: Described) -> Field:
    schema = parameter["schema"]
    return Field(
        parameter["name"],
        kind(schema),
        inline(parameter.get("description", "")),
        place=parameter["in"],
        is_required=parameter.get("required", False),
        default=samples.json_text(schema["default"]) if schema.get("default") not in (None, "") else "",
        example=samples.json_text(parameter.get("example", "")),
    )


def _header(name: str, header: Described) -> Field:
    example = samples.json_text(header["example"])
    return Field(name, kind(header["schema"]), inline(header["description"]), example=example)


def _schema(name: str, schema: Described) -> SchemaView:
    return SchemaView(name, kind(schema), prose(schema.get("description", "")), _properties(schema))


def _properties(schema: Described) -> list[Field]:
    required = schema.get("required", ())
    return [
        Field(
            name,
            kind(field),
            inline(field.get("description", "")),
            is_required=name in required,
            default=samples.json_text(field["default"]) if field.get("default") is not None else "",
        )
        for name, field in schema.get("properties", {}).items()
    ]


def _files(schema: Described) -> set[str]:
    """The names of a form's file parts."""
    return {
        name
        for name, field in schema.get("properties", {}).items()
        if "binary" in (field.get("format"), field.get("items", {}).get("format"))
    }
