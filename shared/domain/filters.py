"""Filters on photos: the JSON of a search's `filter`, parsed into conditions. docs/filters.md is the page for users.

`{"photographer": "x", "width": {"gte": 2000}}` requires both conditions. `and` and `or` take a list of filters, `not`
takes one.

The meaning of a condition, on every engine:
- A field is the name of an attribute. With dots it is the attribute of exactly that name or, if the photo has none, a
  path into nested objects: `gps.lat`. `photo_id` and `url` are the photo's own.
- A number compares with numbers, and with strings that are JSON numbers, because cells of a TSV are strings: "2400" is
  at least 2000. Whole numbers compare exactly up to 76 digits, others as float64 values; so do floating-point numbers
  that are at least 2^53. (Integer attributes of more than 64 bits count as such strings.)
- A string compares with strings, by Unicode code points; `prefix` is the beginning of one.
- True equals itself, the number 1 and the strings "true" and "t" in any case; false likewise with 0, "false" and "f".
- `contains` compares as `eq` does with each element of a list.
- Values of different kinds are neither equal, less nor greater. A missing or null attribute matches no operator, not
  even `ne`; it matches `{"exists": false}` and a `not` around a condition.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeGuard, cast

from shared.errors import InvalidRequestError

Scalar = str | float | bool
Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte"]

MAX_DEPTH = 8
MAX_CONDITIONS = 64
MAX_VALUES = 1000
MAX_STRING_BYTES = 4096
MAX_BYTES = 64 * 1024
MAX_PATH = 8

_OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte")


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator value`; booleans only with eq and ne."""

    field: str
    operator: Operator
    value: Scalar


@dataclass(frozen=True, slots=True)
class In:
    """`field` equals one of `values`, a non-empty list."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Prefix:
    """`field` is a string that begins with `text`."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Contains:
    """`field` is a list with an element that equals `value`."""

    field: str
    value: Scalar


@dataclass(frozen=True, slots=True)
class Exists:
    """`field` is present and not null, or the opposite."""

    field: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class And:
    """All conditions. An empty list matches everything."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the conditions."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Everything that `condition` does not match."""

    condition: "Condition"


Test = Comparison | In | Prefix | Contains | Exists
Condition = Test | And | Or | Not


def parse(value: object) -> Condition:
    """The condition of a filter's JSON; `{}` matches everything.

    Raises InvalidRequestError, whose message names what to change.
    """
    condition = _object(value, MAX_DEPTH)
    if _size(condition) > MAX_CONDITIONS:
        raise InvalidRequestError(f"The filter has more than {MAX_CONDITIONS} conditions.")
    if len(json.dumps(value)) > MAX_BYTES:
        raise InvalidRequestError(f"The filter has more than {MAX_BYTES} bytes of JSON.")
    return condition


def path_of(field: str) -> list[str]:
    """The names on the way to a nested attribute; one if the field has no dots."""
    return field.split(".")


def _object(value: object, depth: int) -> Condition:
    if not isinstance(value, Mapping):
        raise InvalidRequestError('A filter is an object such as {"photographer": "x"} or {"width": {"gte": 2000}}.')
    if depth == 0:
        raise InvalidRequestError(f"The filter is nested more than {MAX_DEPTH} deep.")
    return _all([_member(_text(name), inner, depth) for name, inner in value.items()])


def _member(name: str, value: object, depth: int) -> Condition:
    if name == "not":
        return Not(_object(value, depth - 1))
    if name in ("and", "or"):
        if not isinstance(value, list) or not value:
            raise InvalidRequestError(f"`{name}` in a filter must be a non-empty list of filters.")
        conditions = tuple(_object(inner, depth - 1) for inner in value)
        return And(conditions) if name == "and" else Or(conditions)
    if len(path_of(name)) > MAX_PATH:
        raise InvalidRequestError(f"The filter's {name!r} has more than {MAX_PATH} parts.")
    if not isinstance(value, Mapping):
        return Comparison(name, "eq", _scalar(name, value))
    if not value:
        raise InvalidRequestError(f"The filter's {name!r} has no operator; {_choices()}.")
    return _all([_operation(name, operator, operand) for operator, operand in value.items()])


def _operation(field: str, operator: object, operand: object) -> Condition:
    if operator == "exists":
        if not isinstance(operand, bool):
            raise InvalidRequestError(f"`exists` of the filter's {field!r} must be true or false.")
        return Exists(field, operand)
    if operator == "in":
        if not isinstance(operand, list) or not 1 <= len(operand) <= MAX_VALUES:
            raise InvalidRequestError(f"`in` of the filter's {field!r} must be a list of 1 to {MAX_VALUES} values.")
        return In(field, tuple(_scalar(field, value) for value in operand))
    if operator == "prefix":
        if not isinstance(operand, str):
            raise InvalidRequestError(f"`prefix` of the filter's {field!r} must be a text.")
        return Prefix(field, _text(operand))
    if operator == "contains":
        return Contains(field, _scalar(field, operand))
    if operator not in _OPERATORS:
        raise InvalidRequestError(f"The filter's {field!r} has the unknown operator {operator!r}; {_choices()}.")
    value = _scalar(field, operand)
    if isinstance(value, bool) and operator not in ("eq", "ne"):
        raise InvalidRequestError(f"The filter's {field!r} compares true or false with `{operator}`; use eq or ne.")
    return Comparison(field, cast(Operator, operator), value)


def _scalar(field: str, value: object) -> Scalar:
    if value is None:
        raise InvalidRequestError(f'The filter compares {field!r} with null; use {{"exists": false}} instead.')
    if isinstance(value, str):
        return _text(value)
    if not _is_number(value) and not isinstance(value, bool):
        raise InvalidRequestError(
            f"The filter compares {field!r} with a value that is not a text, a number, true or false."
        )
    return value


def _is_number(value: object) -> TypeGuard[float]:
    """Whether the value is a number that fits a float64. Python's integers are unbounded."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidRequestError("The names in a filter must be strings.")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidRequestError("The filter contains an unpaired surrogate, which is not valid text.") from None
    if size > MAX_STRING_BYTES:
        raise InvalidRequestError(f"The filter contains a text of more than {MAX_STRING_BYTES} bytes.")
    return value


def _all(conditions: list[Condition]) -> Condition:
    return conditions[0] if len(conditions) == 1 else And(tuple(conditions))


def _size(condition: Condition) -> int:
    match condition:
        case And(conditions) | Or(conditions):
            return sum(map(_size, conditions), 1)
        case Not(inner):
            return 1 + _size(inner)
        case _:
            return 1


def _choices() -> str:
    return f"the operators are {', '.join(_OPERATORS)}, in, prefix, contains and exists"
