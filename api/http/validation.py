"""Pydantic's validation errors in the wording of our errors."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from pydantic import ValidationError

from shared.errors import Fault

MAX_FAULTS = 100
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class FirstFault:
    """The first fault: the field (empty for the whole), the message, and whether the input is not even JSON."""

    field: str
    message: str
    is_syntax: bool


def checked(problem: Callable[[Value], str | None]) -> Callable[[Value], Value]:
    """A validator that refuses a value with the reason that `problem` returns for it."""

    def check(value: Value) -> Value:
        if reason := problem(value):
            raise ValueError(reason)
        return value

    return check


def first_fault(error: ValidationError) -> FirstFault:
    """The first fault of a validation. The message does not repeat the input."""
    path, message, kind = next(_found(error))
    return FirstFault(".".join(path), message, kind == "json_invalid")


def body_faults(error: ValidationError, within: str = "") -> list[Fault]:
    """The first `MAX_FAULTS` faults of a body, or of its part at the JSON pointer `within`."""
    return [
        Fault(message, pointer=within + "".join(f"/{_escaped(part)}" for part in path))
        for path, message, _ in islice(_found(error), MAX_FAULTS)
    ]


def parameter_faults(error: ValidationError) -> list[Fault]:
    """The first `MAX_FAULTS` faults of parameters."""
    return [Fault(message, parameter=path[0]) for path, message, _ in islice(_found(error), MAX_FAULTS)]


def _found(error: ValidationError) -> Iterator[tuple[list[str], str, str]]:
    """The path, message and kind of each fault."""
    for found in error.errors(include_input=False, include_url=False, include_context=False):
        message = found["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
        yield [str(part) for part in found["loc"]], message, found["type"]


def _escaped(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")
