"""Filters on attributes: the JSON of a search's `filter`, parsed into conditions.

`{"photographer": "x", "width": {"gte": 2000}}` holds where both do. Operators are eq, ne, gt, gte, lt, lte, in and
exists; `and` and `or` take a list of filters, `not` takes one.

What a condition means, whatever engine answers it:
- A field is the name of an attribute as it stands: dots and slashes in it have no meaning.
- A number compares with numbers, and with strings that spell a number as JSON does, since cells of a TSV are strings:
  "2400" is at least 2000. (Of attributes, whole numbers of more than 64 bits count as such strings.)
- A string compares with strings, by their Unicode code points. True and false equal themselves and the strings
  "true" and "false".
- A value of another kind is not equal, neither less nor greater. An attribute that is missing, or null, matches none of
  the operators, `ne` included; only `{"exists": false}` and a `not` around the condition.
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

_OPERATORS = ("eq", "ne", "gt", "gte", "lt", "lte")


@dataclass(frozen=True, slots=True)
class Comparison:
    """`field operator value`; booleans are only compared with eq and ne."""

    field: str
    operator: Operator
    value: Scalar


@dataclass(frozen=True, slots=True)
class In:
    """`field` equals one of `values`, of which there is at least one."""

    field: str
    values: tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Exists:
    """`field` is there and not null, or is not."""

    field: str
    wanted: bool


@dataclass(frozen=True, slots=True)
class And:
    """All of them; none at all matches everything."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of them."""

    conditions: tuple["Condition", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Whatever `condition` does not match."""

    condition: "Condition"


Condition = Comparison | In | Exists | And | Or | Not


def parse(value: object) -> Condition:
    """The condition that a filter's JSON stands for; `{}` matches everything.

    Raises InvalidRequestError, which says what to change.
    """
    condition = _object(value, MAX_DEPTH)
    if _size(condition) > MAX_CONDITIONS:
        raise InvalidRequestError(f"The filter has more than {MAX_CONDITIONS} conditions.")
    if len(json.dumps(value)) > MAX_BYTES:
        raise InvalidRequestError(f"The filter has more than {MAX_BYTES} bytes of JSON.")
    return condition


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
            raise InvalidRequestError(f"`{name}` in a filter takes a list of filters, at least one.")
        conditions = tuple(_object(inner, depth - 1) for inner in value)
        return And(conditions) if name == "and" else Or(conditions)
    if not isinstance(value, Mapping):
        return Comparison(name, "eq", _scalar(name, value))
    if not value:
        raise InvalidRequestError(f"The filter's {name!r} names no operator; {_choices()}.")
    return _all([_operation(name, operator, operand) for operator, operand in value.items()])


def _operation(field: str, operator: object, operand: object) -> Condition:
    if operator == "exists":
        if not isinstance(operand, bool):
            raise InvalidRequestError(f"`exists` of the filter's {field!r} must be true or false.")
        return Exists(field, operand)
    if operator == "in":
        if not isinstance(operand, list) or not 1 <= len(operand) <= MAX_VALUES:
            raise InvalidRequestError(f"`in` of the filter's {field!r} takes a list of 1 to {MAX_VALUES} values.")
        return In(field, tuple(_scalar(field, value) for value in operand))
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
            f"The filter compares {field!r} with something else than text, a number, true, false."
        )
    return value


def _is_number(value: object) -> TypeGuard[float]:
    """Whether it is a number that a float64 can hold; Python's integers have no end."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidRequestError("The names in a filter are strings.")
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidRequestError("The filter holds half a surrogate pair, which is not text.") from None
    if size > MAX_STRING_BYTES:
        raise InvalidRequestError(f"The filter holds a text of more than {MAX_STRING_BYTES} bytes.")
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
    return f"there are {', '.join(_OPERATORS)}, in and exists"
