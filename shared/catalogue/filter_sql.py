"""Turns conditions on photos into SQL; names and values are bound as typed parameters, never part of the text.

Uses only functions that both engines have. Each condition is 0 or 1, never NULL, so that `NOT` is a plain negation.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from shared.domain.filters import (
    And,
    Comparison,
    Condition,
    Contains,
    Exists,
    In,
    Not,
    Or,
    Prefix,
    Scalar,
    Test,
    path_of,
)

_SYMBOLS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
# A string that is a number in JSON.
NUMBER = "'^-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?$'"
# A whole number that fits Int256.
WHOLE = "'^-?(0|[1-9][0-9]{0,75})$'"
# Below this, a comparison of float64 values gives the same result as one of the exact numbers.
_EXACT_FLOATS = 2**53
_MOST_INT256 = 2**255 - 1
_COLUMNS = {"photo_id": "photo_id", "url": "photo_image_url"}
_ELEMENT = "element"


class Parameters(dict[str, Any]):
    """The parameters of one statement, named p0, p1, …"""

    def add(self, value: Any, kind: str) -> str:
        """Bind a value of a ClickHouse type; return its placeholder."""
        name = f"p{len(self)}"
        self[name] = value
        return f"{{{name}:{kind}}}"


@dataclass(frozen=True, slots=True)
class _Held:
    """What a photo holds under a name, as SQL. The server evaluates each part once, however often it is repeated.

    `raw` is its JSON text, or ''; `plain` is the same, but of a string its content: a number in quotes counts as a
    number. `is_double`: the server writes digits into `plain` that the JSON does not have.
    """

    raw: str
    plain: str
    exists: str
    is_text: str
    is_double: str = "0"


def matches(condition: Condition | None, parameters: Parameters) -> str:
    """An expression that is 1 if a row matches the condition, and 0 otherwise; `1` for no condition."""
    return "1" if condition is None else _to_sql(condition, parameters)


def _to_sql(condition: Condition, parameters: Parameters) -> str:
    match condition:
        case And(conditions):
            return _join(" AND ", conditions, parameters)
        case Or(conditions):
            return _join(" OR ", conditions, parameters)
        case Not(inner):
            return f"(NOT {_to_sql(inner, parameters)})"
        case _:
            return _test(condition, _held(condition.field, parameters), parameters)


def _test(condition: Test, held: _Held, parameters: Parameters) -> str:
    match condition:
        case Exists(_, wanted):
            return f"({held.exists} = {int(wanted)})"
        case Contains(_, value):
            equal = _equals_any(_json(_ELEMENT), [value], parameters)
            return f"arrayExists({_ELEMENT} -> {equal}, JSONExtractArrayRaw({held.raw}))"
        case Prefix(_, text):
            return f"({held.is_text} AND startsWith({held.plain}, {parameters.add(text, 'String')}))"
        case In(_, values):
            return _equals_any(held, values, parameters)
        case Comparison(_, "eq", value):
            return _equals_any(held, [value], parameters)
        case Comparison(_, "ne", value):
            return f"({held.exists} AND NOT {_equals_any(held, [value], parameters)})"
        case Comparison(_, operator, str(value)):
            return f"({held.is_text} AND {held.plain} {_SYMBOLS[operator]} {parameters.add(value, 'String')})"
        case Comparison(_, operator, value):
            return _ordered(held, _SYMBOLS[operator], cast(float, value), parameters)


def _join(word: str, conditions: Sequence[Condition], parameters: Parameters) -> str:
    return f"({word.join(_to_sql(condition, parameters) for condition in conditions) or '1'})"


def _equals_any(held: _Held, values: Sequence[Scalar], parameters: Parameters) -> str:
    """Whether it equals one of the values. Booleans, texts and numbers each have their own rule."""
    texts = [value for value in values if isinstance(value, str)]
    words = [
        word for value in values if isinstance(value, bool) for word in (("true", "t") if value else ("false", "f"))
    ]
    # True and false equal 1 and 0. IN compares bits: adding 0 turns -0.0 into 0.0.
    numbers = [value + 0 for value in values if not isinstance(value, str)]
    near = [float(number) for number in numbers if not _is_wide(number)]
    wide = [int(number) for number in numbers if _is_wide(number)]
    alternatives = []
    if words:
        alternatives.append(f"lower({held.plain}) IN {parameters.add(words, 'Array(String)')}")
    if texts:
        alternatives.append(f"({held.is_text} AND {held.plain} IN {parameters.add(texts, 'Array(String)')})")
    if near:
        bound = parameters.add(near, "Array(Float64)")
        alternatives.append(f"({_is_number(held)} AND {_float(held)} + 0 IN {bound})")
    if wide:
        exact = f"{_whole(held)} IN {parameters.add(wide, 'Array(Int256)')}"
        rounded = f"{_float(held)} IN {parameters.add([float(number) for number in wide], 'Array(Float64)')}"
        alternatives.append(_by_kind(held, exact, rounded))
    return f"({' OR '.join(alternatives)})"


def _ordered(held: _Held, symbol: str, value: float, parameters: Parameters) -> str:
    """A comparison with a number, by `symbol`."""
    rounded = f"{_float(held)} {symbol} {parameters.add(float(value), 'Float64')}"
    if not _is_wide(value):
        return f"({_is_number(held)} AND {rounded})"
    return _by_kind(held, f"{_whole(held)} {symbol} {parameters.add(int(value), 'Int256')}", rounded)


def _by_kind(held: _Held, exact: str, rounded: str) -> str:
    """`exact` for whole numbers, `rounded` for other numbers."""
    is_whole = f"(NOT {held.is_double} AND match({held.plain}, {WHOLE}))"
    return f"if({is_whole}, {exact}, {_is_number(held)} AND {rounded})"


def _is_wide(value: float) -> bool:
    """Whether float64 values are too coarse to compare with this number, which is a whole one then."""
    return _EXACT_FLOATS <= abs(value) <= _MOST_INT256


def _held(field: str, parameters: Parameters) -> _Held:
    if field in _COLUMNS:
        # The plain column, so that the server can use its primary key.
        return _Held(raw="''", plain=_COLUMNS[field], exists="1", is_text="1")
    name = parameters.add(field, "String")
    keys = [parameters.add(key, "String") for key in path_of(field)]

    def of(function: Callable[[str], str]) -> str:
        literal = function(name)
        return literal if len(keys) == 1 else f"if(JSONHas(attributes, {name}), {literal}, {function(', '.join(keys))})"

    is_double = f"({of('JSONType(attributes, {})'.format)} = 'Double')"
    return _json(of("JSONExtractRaw(attributes, {})".format), is_double)


def _json(raw: str, is_double: str = "0") -> _Held:
    """What a JSON text holds."""
    is_text = f"(JSONType({raw}) = 'String')"
    return _Held(
        raw, f"if({is_text}, JSONExtractString({raw}), {raw})", f"({raw} NOT IN ('', 'null'))", is_text, is_double
    )


def _is_number(held: _Held) -> str:
    # The type of a number too large for a float64 is Null.
    return f"(match({held.plain}, {NUMBER}) AND JSONType({held.plain}) != 'Null')"


def _float(held: _Held) -> str:
    return f"JSONExtractFloat({held.plain})"


def _whole(held: _Held) -> str:
    return f"toInt256OrZero({held.plain})"
