"""Problem responses in the OpenAPI document: one per status and set of codes, with an example for each code."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from api.http.openapi.parameters import JOB_ID, REQUEST_ID, headers
from api.http.operations import Operation
from shared.domain.answer_json import to_json
from shared.domain.results import Problem
from shared.errors import Fault, InvalidRequestError, LichtbildError, UnavailableError

_COMMON: Sequence[type[LichtbildError]] = (InvalidRequestError, UnavailableError)
_EXTRA_HEADERS: Mapping[int, tuple[str, ...]] = {
    401: ("WWW-Authenticate",),
    429: ("Retry-After",),
    503: ("Retry-After",),
}


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One code of problems, and what causes it."""

    status: int
    code: str
    cause: str


# Problems that no exception of ours stands for.
UNAUTHORIZED = ProblemType(401, "unauthorized", "A key is required, and the request has none of LICHTBILD_API_KEYS.")
FOREIGN = (
    ProblemType(403, "foreign_host", "The `Host` is not one that the API serves."),
    ProblemType(403, "foreign_origin", "The request comes from a page of another site."),
)
INTERNAL = ProblemType(500, "internal", "A bug in Lichtbild; the log has the details.")
# What an example has as `detail`; other codes have their cause.
_DETAILS = {
    "unauthorized": "Send `Authorization: Bearer KEY` with one of LICHTBILD_API_KEYS.",
    "foreign_host": "This host name is not served here (LICHTBILD_ALLOWED_HOSTS).",
    "foreign_origin": "Requests from other sites' pages are refused.",
    "internal": "Internal error; see the log of the API.",
    "invalid_request": "Unknown query parameter 'colection'; this path accepts: collection.",
    "unavailable": "Redis cannot be reached or is full; try again shortly.",
    "not_found": f"There is no job {JOB_ID!r}; finished jobs are kept for a limited time.",
}
_FAULTS = {"invalid_request": (Fault(_DETAILS["invalid_request"], parameter="colection"),)}


class Problems:
    """Collects the problem responses of all operations."""

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self._schema = schema
        self._types: dict[str, ProblemType] = {}
        self.responses: dict[str, Any] = {}

    def of(self, operation: Operation) -> dict[str, Any]:
        """A response for each status that `operation` answers with a problem, as a reference to `components`."""
        answered = {answer.status for answer in operation.answers}
        by_status: dict[int, list[ProblemType]] = {}
        for found in _types(operation):
            by_status.setdefault(found.status, []).append(found)
        return {
            str(status): self._response(status, found)
            for status, found in sorted(by_status.items())
            if status not in answered
        }

    def examples(self) -> dict[str, Any]:
        """An example for each code, by name."""
        return {code: _example(found) for code, found in sorted(self._types.items())}

    def _response(self, status: int, found: Sequence[ProblemType]) -> dict[str, Any]:
        name = "_or_".join(problem.code for problem in found)
        self._types |= {problem.code: problem for problem in found}
        self.responses.setdefault(
            name,
            {
                "description": " ".join(f"`{problem.code}`: {problem.cause}" for problem in found),
                "headers": headers(*_EXTRA_HEADERS.get(status, ())),
                "content": {
                    "application/problem+json": {
                        "schema": self._schema,
                        "examples": {
                            problem.code: {"$ref": f"#/components/examples/{problem.code}"} for problem in found
                        },
                    }
                },
            },
        )
        return {"$ref": f"#/components/responses/{name}"}


def _types(operation: Operation) -> Iterable[ProblemType]:
    """The types of an operation's problems, each once."""
    if operation.needs_key:
        yield UNAUTHORIZED
    yield from FOREIGN
    yield INTERNAL
    errors = {error.code: _first_with_its_code(error) for error in (*_COMMON, *operation.raises)}
    for error in sorted(errors.values(), key=lambda error: (error.status, error.code)):
        yield ProblemType(error.status, error.code, (error.__doc__ or "").splitlines()[0])


def _first_with_its_code(error: type[LichtbildError]) -> type[LichtbildError]:
    """The class that gave `error` its code. Classes of one code look the same to clients."""
    return next(base for base in error.__mro__ if issubclass(base, LichtbildError) and "code" in vars(base))


def _example(found: ProblemType) -> dict[str, Any]:
    value = Problem(
        type=f"urn:lichtbild:{found.code}",
        title=HTTPStatus(found.status).phrase,
        status=found.status,
        code=found.code,
        detail=_DETAILS.get(found.code, found.cause),
        request_id=REQUEST_ID,
        faults=_FAULTS.get(found.code, ()),
    )
    return {"summary": found.cause, "value": to_json(value)}
