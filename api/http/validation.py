"""Pydantic's validation errors in the wording of our errors."""

from dataclasses import dataclass

from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class Fault:
    """The first error: its field (empty for the whole body), its message, and whether the body is not valid JSON."""

    field: str
    message: str
    is_syntax: bool


def first_fault(error: ValidationError) -> Fault:
    """The first error only, without the input."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return Fault(field, first["msg"].removeprefix("Value error, "), first["type"] == "json_invalid")
