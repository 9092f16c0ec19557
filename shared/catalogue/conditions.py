"""Conditions on attributes as SQL: names and values are typed parameters, never part of the text.

Only functions that both engines have. Each condition is 0 or 1, never NULL, so that `NOT` is a plain negation.
"""

from typing import Any

from shared.filters import And, Comparison, Condition, Exists, In, Not, Or, Scalar

_SYMBOLS = {"eq": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
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
            return f"({_raw(field, parameters)} {'NOT IN' if wanted else 'IN'} ('', 'null'))"
        case In(field, values):
            return f"({' OR '.join(_compare(field, '=', value, parameters) for value in values)})"
        case Comparison(field, "ne", value):
            there = to_sql(Exists(field, True), parameters)
            return f"({there} AND NOT {_compare(field, '=', value, parameters)})"
        case Comparison(field, operator, value):
            return _compare(field, _SYMBOLS[operator], value, parameters)


def _join(word: str, conditions: tuple[Condition, ...], parameters: Parameters) -> str:
    return f"({word.join(to_sql(condition, parameters) for condition in conditions) or '1'})"


def _compare(field: str, symbol: str, value: Scalar, parameters: Parameters) -> str:
    raw = _raw(field, parameters)
    if isinstance(value, bool):
        return f"({raw} IN ('{str(value).lower()}', '\"{str(value).lower()}\"'))"
    if isinstance(value, str):
        return f"(JSONType({raw}) = 'String' AND JSONExtractString({raw}) {symbol} {parameters.add(value, 'String')})"
    # A quoted number, without its quotes, is read like a plain one.
    plain = f"if(JSONType({raw}) = 'String', JSONExtractString({raw}), {raw})"
    return (
        f"(match({plain}, {_NUMBER}) AND JSONExtractFloat({plain}) {symbol} {parameters.add(float(value), 'Float64')})"
    )


def _raw(field: str, parameters: Parameters) -> str:
    """The attribute's JSON text, or ''."""
    return f"JSONExtractRaw(attributes, {parameters.add(field, 'String')})"
