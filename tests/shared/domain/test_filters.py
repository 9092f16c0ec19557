"""Valid filters, and the errors of invalid ones."""

import json
from pathlib import Path

import pytest

from shared.domain.filters import (
    MAX_CONDITIONS,
    MAX_DEPTH,
    MAX_PATH,
    MAX_STRING_BYTES,
    MAX_VALUES,
    And,
    Comparison,
    Contains,
    Exists,
    In,
    Not,
    Or,
    Prefix,
    parse,
)
from shared.errors import InvalidRequestError


def test_every_form_is_read():
    assert parse({"photographer": "x"}) == Comparison("photographer", "eq", "x")
    assert parse({"width": {"gte": 2000, "lt": 4000}}) == And(
        (Comparison("width", "gte", 2000), Comparison("width", "lt", 4000))
    )
    assert parse({"a": {"in": ["x", 1, True]}, "b": {"exists": False}}) == And(
        (In("a", ("x", 1, True)), Exists("b", False))
    )
    assert parse({"or": [{"a": 1}, {"not": {"b": {"ne": "x"}}}]}) == Or(
        (Comparison("a", "eq", 1), Not(Comparison("b", "ne", "x")))
    )
    assert parse({"and": [{"a": 1}, {"b.c/d": 2}], "e": 3}) == And(
        (And((Comparison("a", "eq", 1), Comparison("b.c/d", "eq", 2))), Comparison("e", "eq", 3))
    )
    assert parse({"gps.lat": {"lt": 1}, "url": {"prefix": "http"}, "tags": {"contains": "x"}}) == And(
        (Comparison("gps.lat", "lt", 1), Prefix("url", "http"), Contains("tags", "x"))
    )
    assert parse({}) == And(())


def nested(depth: int) -> dict:
    return {"a": 1} if depth == 1 else {"not": nested(depth - 1)}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "object such as"),
        ([], "object such as"),
        ("x", "object such as"),
        ({"a": {"like": "x"}}, "unknown operator 'like'.*eq, ne, gt, gte, lt, lte, in, prefix, contains and exists"),
        ({"a": {"$gt": 1}}, "unknown operator"),
        ({"a": {}}, "has no operator"),
        ({"a": None}, "exists"),
        ({"a": {"eq": None}}, "exists"),
        ({"a": [1, 2]}, "text, a number, true or false"),
        ({"a": {"gt": {"b": 1}}}, "text, a number, true or false"),
        ({"a": {"gt": True}}, "use eq or ne"),
        ({"a": {"in": []}}, "1 to"),
        ({"a": {"in": "x"}}, "1 to"),
        ({"a": {"in": [None]}}, "exists"),
        ({"a": {"in": [1] * (MAX_VALUES + 1)}}, "1 to"),
        ({"a": {"prefix": 1}}, "must be a text"),
        ({"a": {"contains": ["x"]}}, "text, a number, true or false"),
        ({"a": {"contains": None}}, "exists"),
        ({".".join("a" * (MAX_PATH + 1)): 1}, "parts"),
        ({"a": {"exists": 1}}, "true or false"),
        ({"and": {"a": 1}}, "must be a"),
        ({"or": []}, "must be a"),
        ({"or": [1]}, "object such as"),
        ({"not": [1]}, "object such as"),
        ({"a": float("nan")}, "number"),
        ({"a": float("inf")}, "number"),
        ({"a": 10**400}, "number"),
        ({"a": "\ud800"}, "surrogate"),
        ({"\udfff": 1}, "surrogate"),
        ({"a": "x" * (MAX_STRING_BYTES + 1)}, "bytes"),
        ({"x" * (MAX_STRING_BYTES + 1): 1}, "bytes"),
        ({1: "x"}, "strings"),
        ({"a": {"in": ["x" * 1000] * 100}}, "bytes of JSON"),
        (nested(MAX_DEPTH + 1), "nested"),
        ({"or": [{"a": n} for n in range(MAX_CONDITIONS)]}, "more than"),
    ],
)
def test_anything_else_is_refused_with_what_to_do(value, message):
    with pytest.raises(InvalidRequestError, match=message):
        parse(value)


def test_what_is_just_within_the_limits_is_taken():
    parse(nested(MAX_DEPTH))
    parse({"or": [{"a": n} for n in range(MAX_CONDITIONS - 1)]})
    parse({"a": {"in": ["x"] * MAX_VALUES}})


def test_the_filters_of_the_docs_are_valid():
    page = (Path(__file__).parents[3] / "docs" / "filters.md").read_text(encoding="utf-8")
    lines = [line for block in page.split("```json")[1:] for line in block.partition("```")[0].split("\n") if line]
    assert len(lines) >= 4
    for line in lines:
        parse(json.loads(line))
