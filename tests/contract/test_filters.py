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
from shared.domain.filters import And, Comparison, Contains, Exists, In, Not, Or, Prefix, parse

COUNT = 6
OPERATORS = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
HOSTILE = [
    "width", "a.b", "a", "a.", "photo_id", "url",
    "$.a", "a'b", 'a"b', "a\\", "\\'", "{p0:String}", "`", "''; DROP TABLE photos; --", "%s", "ü",
    "🐕", "", " ", "\t", "\n", "\x00", "0", "-1", "[0]", "exists", "null", "true", "\\N", "/* */", "?",
]  # fmt: skip
NUMBERS = [
    0, -0.0, 1, 2, 2000, 2400, 2**53, 2**53 + 1, 1e16, 2.0**63, 2**63, 2**64, 10**30, 10**80, -(2**63) - 1,
    0.1, 1e-7, 5e-324, 1.7e308, -12.5,
]  # fmt: skip
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
    "t",
    "F",
    "True",
    str(2**53 + 2),
    "1" * 77,
]

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
names = st.sampled_from(HOSTILE) | text.filter(lambda name: name not in {"and", "or", "not"} and "." not in name)
numbers = st.sampled_from(NUMBERS) | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**70), 2**70)
scalars = st.booleans() | numbers | st.sampled_from(SPELLED + HOSTILE) | text
# The engine rewrites large floating-point numbers inside of lists as other digits.
elements = scalars.filter(lambda value: not isinstance(value, float) or abs(value) < 2**53)
nested = st.recursive(st.none() | elements, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner))


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
        st.builds(lambda wanted: {"contains": wanted}, value),
        st.builds(lambda text: {"prefix": text}, st.sampled_from(["", "1", "t", "http://h/", "a"]) | text),
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
    lists = st.lists(
        elements | st.sampled_from([kept for kept in pool if not isinstance(kept, float)] or [1]), max_size=3
    )
    inner = st.dictionaries(st.sampled_from(["b", "", *fields]), value | lists, max_size=2)
    attributes = st.dictionaries(field | st.just("a"), value | lists | inner | nested)
    return draw(st.lists(attributes, min_size=COUNT, max_size=COUNT)), draw(filters)


def as_read(held):
    """The engine reads whole numbers of more than 64 bits as texts that spell them."""
    if isinstance(held, dict):
        return {name: as_read(value) for name, value in held.items()}
    if isinstance(held, list):
        return [as_read(value) for value in held]
    return str(held) if isinstance(held, int) and not -(2**63) <= held < 2**64 else held


def held_under(field, photo):
    """What a photo, `(photo_id, url, attributes)`, holds under a name; None for nothing."""
    photo_id, url, attributes = photo
    if field in ("photo_id", "url"):
        return photo_id if field == "photo_id" else url
    if field in attributes:
        return attributes[field]
    for name in field.split("."):
        attributes = attributes.get(name) if isinstance(attributes, dict) else None
    return attributes


def matches(condition, photo) -> bool:
    """The meaning of a condition, in plain Python."""
    match condition:
        case And(conditions):
            return all(matches(inner, photo) for inner in conditions)
        case Or(conditions):
            return any(matches(inner, photo) for inner in conditions)
        case Not(inner):
            return not matches(inner, photo)
        case _:
            return passes(condition, held_under(condition.field, photo))


def passes(condition, held) -> bool:
    match condition:
        case Exists(_, wanted):
            return (held is not None) == wanted
        case Contains(_, value):
            return isinstance(held, list) and any(equal(element, value) for element in held)
        case Prefix(_, beginning):
            return isinstance(held, str) and held.startswith(beginning)
        case In(_, values):
            return any(equal(held, value) for value in values)
        case Comparison(_, "eq", value):
            return equal(held, value)
        case Comparison(_, "ne", value):
            return held is not None and not equal(held, value)
        case Comparison(_, name, str(value)):
            return isinstance(held, str) and OPERATORS[name](held, value)
        case Comparison(_, name, value):
            return compare(OPERATORS[name], held, value)


def equal(held, value) -> bool:
    if isinstance(value, bool):
        words = ("true", "t") if value else ("false", "f")
        return held is value or (isinstance(held, str) and held.lower() in words) or equal(held, int(value))
    if isinstance(value, str):
        return isinstance(held, str) and held == value
    return compare(operator.eq, held, value)


def compare(by, held, value) -> bool:
    number = as_number(held)
    if number is None:
        return False
    is_exact = isinstance(number, int) and 2**53 <= abs(value) < 2**255
    return by(number, int(value)) if is_exact else by(float(number), float(value))


def as_number(held) -> float | None:
    if isinstance(held, bool) or not isinstance(held, int | float | str):
        return None
    if isinstance(held, str) and not re.fullmatch(r"-?(0|[1-9][0-9]*)([.][0-9]+)?([eE][+-]?[0-9]+)?", held):
        return None
    if isinstance(held, int) or re.fullmatch("-?[0-9]{1,76}", str(held)):
        return int(held)
    return float(held) if math.isfinite(float(held)) else None


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
    photos = [(str(n), "http://h/x", as_read(held)) for n, held in enumerate(attributes)]
    expected = {photo[0] for photo in photos if matches(condition, photo)}
    assert {hit.photo.photo_id for hit in found} == expected
    assert len(found) == len(expected)


TYPES = {
    "a": {"gps": {"lat": 54.9, "lon": 8.3}, "tags": ["beach", 7], "featured": "t", "id64": 2**53 + 1},
    "b": {"gps": {"lat": "12.5"}, "tags": "beach", "featured": True, "id64": str(2**53)},
    "c": {"gps.lat": 1, "gps": {"lat": 60}, "featured": "0", "id64": 5.0},
    "d/x": {"tags": [["beach"], {"beach": 1}, None, True], "featured": 1},
}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"gps.lat": {"gte": 12, "lt": 58}}, "a b"),
        ({"gps.lat": {"exists": True}, "gps.lon": {"exists": False}}, "b c"),
        ({"gps.lat": 1}, "c"),
        ({"tags": {"contains": "beach"}}, "a"),
        ({"tags": {"contains": 7}}, "a"),
        ({"tags": {"contains": True}}, "d/x"),
        ({"not": {"tags": {"contains": "beach"}}}, "b c d/x"),
        ({"tags": {"prefix": "be"}}, "b"),
        ({"featured": True}, "a b d/x"),
        ({"featured": False}, "c"),
        ({"featured": {"ne": True}}, "c"),
        ({"id64": 2**53 + 1}, "a"),
        ({"id64": {"gt": 2**53}}, "a"),
        ({"id64": {"in": [2**53, 5]}}, "b c"),
        ({"photo_id": "a"}, "a"),
        ({"photo_id": {"in": ["c", "d/x"]}}, "c d/x"),
        ({"photo_id": {"prefix": "d/"}}, "d/x"),
        ({"photo_id": {"exists": False}}, ""),
        ({"url": {"prefix": "http://h/d"}}, "d/x"),
        ({"url": {"ne": "http://h/a"}, "featured": True}, "b d/x"),
    ],
)
def test_each_rule_finds_these_photos(catalogue, collection, asked, expected):
    catalogue.ensure(collection, "m", 4)
    vector = np.ones(4, np.float32)
    catalogue.write(
        collection, [Row(name, f"http://h/{name}", vector, bytes(32), held, 1) for name, held in TYPES.items()]
    )
    found = catalogue.search(collection, vector, 10, parse(asked))
    assert sorted(hit.photo.photo_id for hit in found) == expected.split()
