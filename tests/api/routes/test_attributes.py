"""The attributes of a collection over HTTP."""

import json

import numpy as np
import pytest

from shared.catalogue.interface import Row


@pytest.fixture
def filled(catalogue, collection):
    catalogue.ensure(collection, "m", 4)
    vector = np.ones(4, np.float32) / 2
    photos = [{"place": "beach", "n": n, "tags": ["a", "b"]} for n in range(3)] + [{"place": "city", "<b>": "x"}]
    catalogue.write(collection, [Row(f"p{n}", "http://h/x", vector, bytes(32), p, 1) for n, p in enumerate(photos)])
    return collection


def test_attributes_have_kinds_values_and_ranges(client, filled):
    found = client.get(f"/v1/collections/{filled}/attributes").json
    attributes = {attribute.pop("name"): attribute for attribute in found.pop("attributes")}
    assert found == {
        "collection": filled,
        "photos": 4,
        "sampled_photos": 4,
        "matching_photos": 4,
        "has_more": False,
    }
    assert list(attributes) == ["place", "n", "tags", "<b>"]
    assert attributes["place"] == {
        "kind": "text",
        "photos": 4,
        "kinds": {"text": 4},
        "distinct_values": 2,
        "values": [{"value": "beach", "photos": 3}, {"value": "city", "photos": 1}],
    }
    assert (attributes["n"]["kind"], attributes["n"]["min"], attributes["n"]["max"]) == ("number", 0, 2)
    assert attributes["tags"]["values"] == [{"value": "a", "photos": 3}, {"value": "b", "photos": 3}]


def test_a_filter_narrows_the_counts(client, filled):
    query = {"filter": json.dumps({"n": {"gte": 1}})}
    found = client.get(f"/v1/collections/{filled}/attributes", query_string=query).json
    assert (found["photos"], found["matching_photos"]) == (4, 2)
    (place,) = (attribute for attribute in found["attributes"] if attribute["name"] == "place")
    assert place["values"] == [{"value": "beach", "photos": 2}]


@pytest.mark.parametrize("text", ["", "{", "[" * 5000, "[]", '{"n": null}', '{"n": {"near": 1}}'])
def test_an_invalid_filter_is_refused(client, filled, text):
    answer = client.get(f"/v1/collections/{filled}/attributes", query_string={"filter": text})
    assert answer.status_code == 422
    assert "filter" in answer.json["detail"].lower()


def test_a_collection_must_exist(client, connection):
    assert client.get("/v1/collections/nowhere/attributes").status_code == 404
    assert client.get("/v1/collections/No-where/attributes").status_code == 422
