"""Pydantic's validation errors in the wording of our errors."""

from dataclasses import dataclass

from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class Fault:
    """The first fault: the field (empty for the whole), the message, and whether the input is not even JSON."""

    field: str
    message: str
    is_syntax: bool


def first_fault(error: ValidationError) -> Fault:
    """The first fault of a validation. The message does not repeat the input."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ").replace("Input should be", "must be")
    return Fault(field, message, first["type"] == "json_invalid")
