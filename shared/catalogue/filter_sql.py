"""Turns conditions on attributes into SQL; names and values are bound as typed parameters, never part of the text.

Uses only functions that both engines have. Each condition is 0 or 1, never NULL, so that `NOT` is a plain negation.
"""

from collections.abc import Sequence
from typing import Any

from shared.domain.filters import And, Comparison, Condition, Exists, In, Not, Or, Scalar

_SYMBOLS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
# A string that is a number in JSON.
NUMBER = "'^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$'"


class Parameters(dict[str, Any]):
    """The parameters of one statement, named p0, p1, …"""

    def add(self, value: Any, kind: str) -> str:
        """Bind a value of a ClickHouse type; return its placeholder."""
        name = f"p{len(self)}"
        self[name] = value
        return f"{{{name}:{kind}}}"


def matches(condition: Condition | None, parameters: Parameters) -> str:
    """An expression that is 1 if a row's `attributes` match the condition, and 0 otherwise; `1` for no condition."""
    return "1" if condition is None else _to_sql(condition, parameters)


def _to_sql(condition: Condition, parameters: Parameters) -> str:
    match condition:
        case And(conditions):
            return _join(" AND ", conditions, parameters)
        case Or(conditions):
            return _join(" OR ", conditions, parameters)
        case Not(inner):
            return f"(NOT {_to_sql(inner, parameters)})"
        case Exists(field, wanted):
            return f"({_exists(_raw(field, parameters))} = {int(wanted)})"
        case In(field, values):
            return _equals_any(_raw(field, parameters), values, parameters)
        case Comparison(field, "eq", value):
            return _equals_any(_raw(field, parameters), [value], parameters)
        case Comparison(field, "ne", value):
            raw = _raw(field, parameters)
            return f"({_exists(raw)} AND NOT {_equals_any(raw, [value], parameters)})"
        case Comparison(field, operator, str(value)):
            raw = _raw(field, parameters)
            return f"({_is_text(raw)} AND {_text(raw)} {_SYMBOLS[operator]} {parameters.add(value, 'String')})"
        case Comparison(field, operator, value):
            plain = _unquoted(_raw(field, parameters))
            bound = parameters.add(float(value), "Float64")
            return f"({_is_number(plain)} AND {_number(plain)} {_SYMBOLS[operator]} {bound})"


def _join(word: str, conditions: Sequence[Condition], parameters: Parameters) -> str:
    return f"({word.join(_to_sql(condition, parameters) for condition in conditions) or '1'})"


def _equals_any(raw: str, values: Sequence[Scalar], parameters: Parameters) -> str:
    """Whether the attribute equals one of the values. Booleans, texts and numbers each have their own rule."""
    booleans = [str(value).lower() for value in values if isinstance(value, bool)]
    texts = [value for value in values if isinstance(value, str)]
    # IN compares bits: adding 0 turns -0.0 into 0.0.
    numbers = [float(value) + 0.0 for value in values if not isinstance(value, bool | str)]
    alternatives = []
    if booleans:
        spelled = parameters.add([*booleans, *(f'"{boolean}"' for boolean in booleans)], "Array(String)")
        alternatives.append(f"{raw} IN {spelled}")
    if texts:
        alternatives.append(f"({_is_text(raw)} AND {_text(raw)} IN {parameters.add(texts, 'Array(String)')})")
    if numbers:
        plain = _unquoted(raw)
        bound = parameters.add(numbers, "Array(Float64)")
        alternatives.append(f"({_is_number(plain)} AND {_number(plain)} + 0 IN {bound})")
    return f"({' OR '.join(alternatives)})"


def _raw(field: str, parameters: Parameters) -> str:
    """The attribute's JSON text, or ''. The server evaluates it once, however often the statement repeats it."""
    return f"JSONExtractRaw(attributes, {parameters.add(field, 'String')})"


def _exists(raw: str) -> str:
    return f"({raw} NOT IN ('', 'null'))"


def _is_text(raw: str) -> str:
    return f"(JSONType({raw}) = 'String')"


def _text(raw: str) -> str:
    return f"JSONExtractString({raw})"


def _unquoted(raw: str) -> str:
    """The JSON text; of a string, its content: a number in quotes counts as a number."""
    return f"if({_is_text(raw)}, {_text(raw)}, {raw})"


def _is_number(plain: str) -> str:
    # The type of a number too large for a float64 is Null.
    return f"(match({plain}, {NUMBER}) AND JSONType({plain}) != 'Null')"


def _number(plain: str) -> str:
    return f"JSONExtractFloat({plain})"
