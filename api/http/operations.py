"""One declaration per route: its parameters, body, answers and errors.

A view is a function whose arguments name what it reads: the parts of its path, each a `str` or a type of
`parameters.py`, and `query` and `headers`, each a model of `parameters.py`. It returns an answer of
`shared/domain/results.py`, or a `Reply` where status or headers vary. Its docstring is the summary, its name the
operation id. The declaration validates requests, and the OpenAPI document is generated from it.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Annotated, Any, get_origin, get_type_hints

from flask import Blueprint, Flask, Response, jsonify, request
from pydantic import BaseModel, TypeAdapter

from api.http.parameters import NoParameters, Parameters, read_headers, read_parts, read_query
from shared.domain.answer_json import to_json
from shared.errors import LichtbildError, UnsupportedTypeError

View = Callable[..., Any]
Errors = Sequence[type[LichtbildError]]
_EXTENSION = "lichtbild-operations"


@dataclass(frozen=True)
class Link:
    """What a client may do with an answer: an operation, and its parameters as OpenAPI's runtime expressions."""

    operation: str
    description: str
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """One answer of a route: `content` is the type of its JSON, None for other media or without a body.

    `headers` are the names of the headers that concern clients. `example` is an instance of `content`, or a text.
    """

    status: int
    content: Any
    description: str
    media_type: str = "application/json"
    headers: Sequence[str] = ()
    example: Any = None
    links: Sequence[Link] = ()


# The headers of an answer with a job that has not ended, and of one that an idempotency key may have repeated.
POLLING = ("Location", "Retry-After")
SUBMITTED = (*POLLING, "Idempotency-Replayed")


@dataclass(frozen=True)
class Form:
    """A form with the fields of `model`, but for `file`, which is a file part."""

    model: type[BaseModel]
    file: str


@dataclass(frozen=True)
class Body:
    """The bodies that a route reads, by media type: a model, a form, or for a stream its schema and an example."""

    content: Mapping[str, Any]
    description: str


@dataclass(frozen=True)
class Reply:
    """An answer with its status and headers. Without a status it has that of the first declared answer."""

    content: Any
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """A declared route. `path` is Flask's rule, `parts` the types of those of its parts that have a form of their own;
    `raises` are its errors in addition to those common to all routes.
    """

    subject: str
    name: str
    method: str
    path: str
    parts: Mapping[str, TypeAdapter[str]]
    description: str
    query: type[Parameters]
    headers: type[Parameters]
    body: Body | None
    answers: Sequence[Answer]
    raises: Errors

    @property
    def needs_key(self) -> bool:
        """Whether it needs a key if the server has keys."""
        return self.path.startswith("/v1/")


class Routes:
    """The routes of one subject. There is no way to add one without its declaration."""

    def __init__(self, subject: str) -> None:
        self.operations: list[Operation] = []
        self._blueprint = Blueprint(subject, __name__)

    def get(self, path: str, *answers: Answer, raises: Errors = ()) -> Callable[[View], View]:
        return self._declare("GET", path, answers, raises, None)

    def delete(self, path: str, *answers: Answer, raises: Errors = ()) -> Callable[[View], View]:
        return self._declare("DELETE", path, answers, raises, None)

    def post(
        self, path: str, *answers: Answer, raises: Errors = (), body: Body | None = None
    ) -> Callable[[View], View]:
        return self._declare("POST", path, answers, raises, body)

    def install(self, app: Flask) -> None:
        """Serve these routes."""
        app.register_blueprint(self._blueprint)
        declared = app.extensions.setdefault(_EXTENSION, {})
        declared |= {f"{self._blueprint.name}.{operation.name}": operation for operation in self.operations}

    def _declare(
        self,
        method: str,
        path: str,
        answers: Sequence[Answer],
        raises: Errors,
        body: Body | None,
    ) -> Callable[[View], View]:
        def decorate(view: View) -> View:
            hints = get_type_hints(view, include_extras=True)
            operation = Operation(
                subject=self._blueprint.name,
                name=view.__name__,
                method=method,
                path=path,
                parts={name: TypeAdapter(hint) for name, hint in hints.items() if get_origin(hint) is Annotated},
                description=inspect.getdoc(view) or "",
                query=hints.get("query", NoParameters),
                headers=hints.get("headers", NoParameters),
                body=body,
                answers=answers,
                raises=raises,
            )
            self.operations.append(operation)
            self._blueprint.add_url_rule(path, view.__name__, _serve(operation, view, hints), methods=[method])
            return view

        return decorate


def operations(app: Flask) -> Mapping[str, Operation]:
    """All declared operations, by endpoint."""
    declared: dict[str, Operation] = app.extensions[_EXTENSION]
    return declared


def _serve(operation: Operation, view: View, hints: Mapping[str, Any]) -> View:
    """The view as Flask calls it: validated arguments in, a response out."""

    @wraps(view)
    def serve(**parts: str) -> Response:
        query = read_query(operation.query, request.args)
        arguments: dict[str, Any] = {**read_parts(operation.parts, parts)}
        _check_media_type(operation.body)
        if "query" in hints:
            arguments["query"] = query
        if "headers" in hints:
            arguments["headers"] = read_headers(operation.headers, request.headers)
        return _response(view(**arguments), operation)

    return serve


def _check_media_type(body: Body | None) -> None:
    if body is not None and request.mimetype not in body.content:
        raise UnsupportedTypeError(
            f"Content-Type must be one of {', '.join(body.content)}, not {request.mimetype or 'missing'}."
        )


def _response(answer: Any, operation: Operation) -> Response:
    if isinstance(answer, Response):
        return answer
    reply = answer if isinstance(answer, Reply) else Reply(answer)
    response = Response() if reply.content is None else jsonify(to_json(reply.content))
    response.status_code = reply.status or operation.answers[0].status
    response.headers.update(reply.headers)
    return response
