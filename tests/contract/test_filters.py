"""A filter has the meaning that `shared/domain/filters.py` defines, on every target, for any name and value."""

import json
import math
import operator
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from shared.catalogue.interface import Row
from shared.domain.filters import And, Comparison, Exists, In, Not, Or, parse

COUNT = 6
OPERATORS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
HOSTILE = [
    "width", "a.b", "a", "$.a", "a'b", 'a"b', "a\\", "\\'", "{p0:String}", "`", "''; DROP TABLE photos; --", "%s", "ü",
    "🐕", "", " ", "\t", "\n", "\x00", "0", "-1", "[0]", "exists", "null", "true", "\\N", "/* */", "?",
]  # fmt: skip
NUMBERS = [0, -0.0, 1, 2, 2000, 2400, 2**53 + 1, 2**63, 2**64, 10**30, -(2**63) - 1, 0.1, 1e-7, 5e-324, 1.7e308, -12.5]
SPELLED = [
    *map(str, NUMBERS),
    "01",
    "+1",
    " 1",
    "1.",
    ".5",
    "1e400",
    "0x10",
    "1e2",
    "nan",
    "inf",
    "1_0",
    "٣",
    "-",
    "1\n",
]

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = st.sampled_from(HOSTILE) | text.filter(lambda name: name not in {"and", "or", "not"})
numbers = st.sampled_from(NUMBERS) | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70)
scalars = st.booleans() | numbers | st.sampled_from(SPELLED + HOSTILE) | text
nested = st.recursive(st.none() | scalars, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner))


@st.composite
def questions(draw):
    """A few photos' attributes, and a filter that uses the same names and values, so that some match."""
    fields = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    pool = draw(st.lists(scalars, min_size=1, max_size=5))
    field, value = st.sampled_from(fields), st.sampled_from(pool)
    ordered = [value for value in pool if not isinstance(value, bool)] or [1]
    operations = st.one_of(
        value,
        st.builds(lambda name, value: {name: value}, st.sampled_from(["eq", "ne"]), value),
        st.dictionaries(st.sampled_from(list(OPERATORS)), st.sampled_from(ordered), min_size=1, max_size=2),
        st.builds(lambda values: {"in": values}, st.lists(value, min_size=1, max_size=3)),
        st.builds(lambda wanted: {"exists": wanted}, st.booleans()),
    )
    leaves = st.dictionaries(field, operations, max_size=3)
    filters = st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(lambda some: {"and": some}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda some: {"or": some}, st.lists(inner, min_size=1, max_size=3)),
            st.builds(lambda one: {"not": one}, inner),
        ),
        max_leaves=4,
    )
    attributes = st.dictionaries(field, value | nested)
    return draw(st.lists(attributes, min_size=COUNT, max_size=COUNT)), draw(filters)


def as_read(held):
    """The engine reads whole numbers of more than 64 bits as texts that spell them."""
    return str(held) if isinstance(held, int) and not -(2**63) <= held < 2**64 else held


def matches(condition, attributes) -> bool:
    """The meaning of a condition, in plain Python."""
    match condition:
        case And(conditions):
            return all(matches(inner, attributes) for inner in conditions)
        case Or(conditions):
            return any(matches(inner, attributes) for inner in conditions)
        case Not(inner):
            return not matches(inner, attributes)
        case Exists(field, wanted):
            return (attributes.get(field) is not None) == wanted
        case In(field, values):
            return any(equal(attributes.get(field), value) for value in values)
        case Comparison(field, "eq", value):
            return equal(attributes.get(field), value)
        case Comparison(field, "ne", value):
            return attributes.get(field) is not None and not equal(attributes[field], value)
        case Comparison(field, name, value):
            held = attributes.get(field)
            if isinstance(value, str):
                return isinstance(held, str) and OPERATORS[name](held, value)
            number = as_number(held)
            return number is not None and OPERATORS[name](number, float(value))


def equal(held, value) -> bool:
    if isinstance(value, bool):
        return held is value or held == str(value).lower()
    if isinstance(value, str):
        return isinstance(held, str) and held == value
    return as_number(held) == float(value)


def as_number(held) -> float | None:
    if isinstance(held, bool) or not isinstance(held, int | float | str):
        return None
    if isinstance(held, str) and not re.fullmatch(r"-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?", held):
        return None
    number = float(held)
    return number if math.isfinite(number) else None


@pytest.fixture
def six(catalogue, collection):
    """A collection of six photos, and a function that replaces their attributes."""
    catalogue.ensure(collection, "m", 4)
    version = 0

    def hold(attributes) -> None:
        nonlocal version
        version += 1
        vectors = np.eye(4, dtype=np.float32)
        catalogue.write(
            collection,
            [Row(str(n), "http://h/x", vectors[n % 4], bytes(32), held, version) for n, held in enumerate(attributes)],
        )

    return collection, hold


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(question=questions())
@example(question=([{"width": 2**64}] * COUNT, {"width": {"gt": "0"}}))
def test_a_filter_finds_what_plain_python_finds(catalogue, six, question):
    collection, hold = six
    attributes, asked = question
    hold(attributes)
    condition = parse(json.loads(json.dumps(asked)))
    found = catalogue.search(collection, np.ones(4, np.float32), COUNT, condition)
    read = [{name: as_read(value) for name, value in held.items()} for held in attributes]
    expected = {str(n) for n, held in enumerate(read) if matches(condition, held)}
    assert {hit.photo.photo_id for hit in found} == expected
    assert len(found) == len(expected)
