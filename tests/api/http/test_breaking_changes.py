"""The document breaks no client of the committed older one; the comparison finds each kind of break."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.api.conftest import api_document
from tests.breaking_changes import breaking_changes

BASELINE = Path(__file__).parents[3] / "docs" / "openapi-baseline.json"


def test_nothing_breaks_the_clients_of_the_older_document():
    older = json.loads(BASELINE.read_text(encoding="utf-8"))
    assert breaking_changes(older, api_document()) == []


def ingest(document: dict[str, Any]) -> dict[str, Any]:
    return document["paths"]["/v1/ingest"]["post"]


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    return document["components"]["schemas"][name]


def parameter(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in ingest(document)["parameters"] if one.get("name") == name)


BREAKS: list[tuple[Callable[[dict[str, Any]], object], str]] = [
    (lambda new: new["paths"].pop("/v1/search"), "POST /v1/search is removed"),
    (lambda new: new["paths"]["/v1/photos/{photo_id}"].pop("delete"), "DELETE /v1/photos/{photo_id} is removed"),
    (lambda new: ingest(new).update(operationId="submit"), "POST /v1/ingest has another operationId"),
    (
        lambda new: ingest(new)["parameters"].remove(parameter(new, "preflight")),
        "POST /v1/ingest: query parameter `preflight` is removed",
    ),
    (
        lambda new: parameter(new, "preflight").update(required=True),
        "POST /v1/ingest: query parameter `preflight` is newly required",
    ),
    (
        lambda new: parameter(new, "preflight")["schema"].update(maximum=10),
        "POST /v1/ingest: query parameter `preflight`: maximum is 10, was 10000",
    ),
    (
        lambda new: parameter(new, "collection")["schema"].update(pattern="^x$"),
        "POST /v1/ingest: query parameter `collection` has another pattern",
    ),
    (
        lambda new: ingest(new)["requestBody"]["content"].pop("text/csv"),
        "POST /v1/ingest: a body of text/csv is no longer read",
    ),
    (lambda new: schema(new, "ItemBody")["properties"].pop("attributes"), "ItemBody as sent.attributes is removed"),
    (
        lambda new: schema(new, "ItemBody")["required"].append("attributes"),
        "ItemBody as sent.attributes is newly required",
    ),
    (
        lambda new: schema(new, "SearchBody")["properties"]["top_k"].update(type="string"),
        "SearchBody as sent.top_k no longer takes integer",
    ),
    (lambda new: ingest(new)["responses"].pop("202"), "POST /v1/ingest: status 202 is removed"),
    (
        lambda new: ingest(new)["responses"]["202"]["headers"].pop("Location"),
        "POST /v1/ingest: header Location of status 202 is removed",
    ),
    (lambda new: schema(new, "Hit")["properties"].pop("distance"), "Hit as read.distance is removed"),
    (lambda new: schema(new, "Hit")["required"].remove("distance"), "Hit as read.distance may be absent"),
    (
        lambda new: schema(new, "Progress")["properties"]["total"].update(type="string"),
        "Progress as read.total may be string",
    ),
    (
        lambda new: schema(new, "Hit")["properties"].update(url={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        "Hit as read.url may be null",
    ),
]


@pytest.mark.parametrize(("change", "sentence"), BREAKS, ids=[sentence for _, sentence in BREAKS])
def test_each_kind_of_break_is_found(change, sentence):
    newer = copy.deepcopy(api_document())
    change(newer)
    assert sentence in breaking_changes(api_document(), newer)


HARMLESS: list[Callable[[dict[str, Any]], object]] = [
    lambda new: new["paths"].update({"/v2": new["paths"]["/v1/jobs"]}),
    lambda new: ingest(new)["parameters"].append({"name": "new", "in": "query", "schema": {"type": "string"}}),
    lambda new: parameter(new, "preflight")["schema"].update(maximum=20_000),
    lambda new: schema(new, "Hit")["properties"].update(new={"type": "string"}),
    lambda new: schema(new, "Hit")["required"].append("similar"),
    lambda new: schema(new, "SearchBody")["properties"].update(new={"type": "string"}),
    lambda new: ingest(new)["responses"].pop("501"),
    lambda new: ingest(new).update(summary="Other words."),
]


@pytest.mark.parametrize("change", HARMLESS, ids=range(len(HARMLESS)))
def test_additions_and_other_words_break_nobody(change):
    newer = copy.deepcopy(api_document())
    change(newer)
    assert breaking_changes(api_document(), newer) == []
