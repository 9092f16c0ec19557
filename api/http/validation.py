"""What pydantic found wrong with a body, in the words of our errors."""

from dataclasses import dataclass

from pydantic import ValidationError


@dataclass(frozen=True, slots=True)
class Fault:
    """The first thing that is wrong: where (empty for the whole), what, and whether it is not even JSON."""

    field: str
    message: str
    is_syntax: bool


def first_fault(error: ValidationError) -> Fault:
    """One fault is enough for a client to go on with; what was sent is not repeated."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return Fault(field, first["msg"].removeprefix("Value error, "), first["type"] == "json_invalid")
