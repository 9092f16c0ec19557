"""Conditions on attributes as SQL: names and values are typed parameters, never part of the text.

Only functions that both engines have. Each condition is 0 or 1, never NULL, so that `NOT` is a plain negation.
"""

from collections.abc import Sequence
from typing import Any

from shared.domain.filters import And, Comparison, Condition, Exists, In, Not, Or, Scalar

_SYMBOLS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
# A string that JSON would read as a number.
_NUMBER = "'^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$'"


class Parameters(dict[str, Any]):
    """The parameters of one statement; `add` names each after its place."""

    def add(self, value: Any, kind: str) -> str:
        """Keep the value and return what stands for it in the SQL."""
        name = f"p{len(self)}"
        self[name] = value
        return f"{{{name}:{kind}}}"


def to_sql(condition: Condition, parameters: Parameters) -> str:
    """An expression that is 1 where the condition matches a row's `attributes`, and 0 elsewhere."""
    match condition:
        case And(conditions):
            return _join(" AND ", conditions, parameters)
        case Or(conditions):
            return _join(" OR ", conditions, parameters)
        case Not(inner):
            return f"(NOT {to_sql(inner, parameters)})"
        case Exists(field, wanted):
            return f"({_there(_raw(field, parameters))} = {int(wanted)})"
        case In(field, values):
            return _among(_raw(field, parameters), values, parameters)
        case Comparison(field, "eq", value):
            return _among(_raw(field, parameters), [value], parameters)
        case Comparison(field, "ne", value):
            raw = _raw(field, parameters)
            return f"({_there(raw)} AND NOT {_among(raw, [value], parameters)})"
        case Comparison(field, operator, str(value)):
            raw = _raw(field, parameters)
            return f"({_is_text(raw)} AND {_text(raw)} {_SYMBOLS[operator]} {parameters.add(value, 'String')})"
        case Comparison(field, operator, value):
            plain = _plain(_raw(field, parameters))
            bound = parameters.add(float(value), "Float64")
            return f"({_is_number(plain)} AND {_number(plain)} {_SYMBOLS[operator]} {bound})"


def _join(word: str, conditions: Sequence[Condition], parameters: Parameters) -> str:
    return f"({word.join(to_sql(condition, parameters) for condition in conditions) or '1'})"


def _among(raw: str, values: Sequence[Scalar], parameters: Parameters) -> str:
    """Whether it equals one of the values, each kind of them by its own rule."""
    switches = [str(value).lower() for value in values if isinstance(value, bool)]
    texts = [value for value in values if isinstance(value, str)]
    # IN compares bits: adding 0 makes -0.0 and 0.0 one.
    numbers = [float(value) + 0.0 for value in values if not isinstance(value, bool | str)]
    ways = []
    if switches:
        spelled = parameters.add([*switches, *(f'"{switch}"' for switch in switches)], "Array(String)")
        ways.append(f"{raw} IN {spelled}")
    if texts:
        ways.append(f"({_is_text(raw)} AND {_text(raw)} IN {parameters.add(texts, 'Array(String)')})")
    if numbers:
        plain = _plain(raw)
        ways.append(f"({_is_number(plain)} AND {_number(plain)} + 0 IN {parameters.add(numbers, 'Array(Float64)')})")
    return f"({' OR '.join(ways)})"


def _raw(field: str, parameters: Parameters) -> str:
    """The attribute's JSON text, or ''. The server evaluates it once, however often it stands in the statement."""
    return f"JSONExtractRaw(attributes, {parameters.add(field, 'String')})"


def _there(raw: str) -> str:
    return f"({raw} NOT IN ('', 'null'))"


def _is_text(raw: str) -> str:
    return f"(JSONType({raw}) = 'String')"


def _text(raw: str) -> str:
    return f"JSONExtractString({raw})"


def _plain(raw: str) -> str:
    """The JSON text, or what it says if it is a string: a number in quotes is a number."""
    return f"if({_is_text(raw)}, {_text(raw)}, {raw})"


def _is_number(plain: str) -> str:
    # A number too large for a float64 is of the type Null.
    return f"(match({plain}, {_NUMBER}) AND JSONType({plain}) != 'Null')"


def _number(plain: str) -> str:
    return f"JSONExtractFloat({plain})"
