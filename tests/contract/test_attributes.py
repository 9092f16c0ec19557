"""The attributes of a collection: names, kinds, values and ranges, on every target."""

import json

import numpy as np
import pytest

from shared.catalogue import attributes
from shared.catalogue.interface import Row
from shared.domain.attribute_counts import ValueCount
from shared.domain.filters import parse

DIMENSION = 4


def rows(*photos: dict, version: int = 1, start: int = 0) -> list[Row]:
    vector = np.eye(DIMENSION, dtype=np.float32)[0]
    return [
        Row(f"p{number:06}", "http://h/x", vector, bytes(32), photo, version)
        for number, photo in enumerate(photos, start)
    ]


@pytest.fixture
def filled(catalogue, collection):
    """Three hundred photos: on a beach, in a city and in a forest."""
    catalogue.ensure(collection, "m", DIMENSION)
    places = ["beach"] * 150 + ["city"] * 100 + ["forest"] * 50
    catalogue.write(collection, rows(*({"place": place, "n": n} for n, place in enumerate(places))))
    return collection


def counted(catalogue, collection, where: dict | None = None) -> dict:
    found = catalogue.attributes(collection, None if where is None else parse(where))
    return {attribute.name: attribute for attribute in found.attributes}


def test_the_most_frequent_values_come_first_and_numbers_have_a_range(catalogue, filled):
    found = catalogue.attributes(filled)
    assert (found.collection, found.photos, found.sampled_photos, found.matching_photos) == (filled, 300, 300, 300)
    assert not found.has_more
    place, n = (counted(catalogue, filled)[name] for name in ("place", "n"))
    assert place.values == [ValueCount("beach", 150), ValueCount("city", 100), ValueCount("forest", 50)]
    assert (place.kind, place.photos, place.distinct_values, place.min, place.max) == ("text", 300, 3, None, None)
    assert (n.kind, n.photos, n.distinct_values, n.min, n.max) == ("number", 300, 300, 0, 299)
    assert len(n.values) == attributes.MAX_VALUES


def test_kinds_are_those_of_filters(catalogue, collection):
    catalogue.ensure(collection, "m", DIMENSION)
    values = [
        1, "2", "-3.5e1", True, "false", "x", "", "007", "1e999", 10**30, None, [1, "a", "a", None, {"b": 1}], [],
        {"lat": 1}, 'qu"ote\\ ü 🐕',
    ]  # fmt: skip
    catalogue.write(collection, rows(*({"v": value} for value in values)))
    found = counted(catalogue, collection)["v"]
    assert found.kinds == {"number": 4, "boolean": 2, "text": 5, "list": 2, "object": 1}
    assert (found.kind, found.photos) == ("text", 14)
    assert (found.min, found.max) == (-35, 1e30)
    listed = [(type(value.value), value.value, value.photos) for value in found.values]
    texts = [(str, value, 1) for value in ("x", "", "007", "1e999", 'qu"ote\\ ü 🐕', "a")]
    numbers = [(int, 1, 1), (int, 2, 1), (int, -35, 1), (int, 10**30, 1), (int, 1, 1)]
    assert sorted(listed, key=str) == sorted([*texts, *numbers, (bool, True, 1), (bool, False, 1)], key=str)


def test_each_listed_value_finds_its_photos(catalogue, collection):
    catalogue.ensure(collection, "m", DIMENSION)
    values = [2, "2", 2.0, "2.0", True, "true", "x", "x ", "01", 0.1, "0.1", 2**53, 2**53 + 1, -0.0, "-0"]
    catalogue.write(collection, rows(*({"v": value} for value in values)))
    found = counted(catalogue, collection)["v"]
    assert sum(value.photos for value in found.values) == len(values)
    for value in found.values:
        hits = catalogue.search(collection, np.ones(DIMENSION, np.float32), 50, parse({"v": value.value}))
        assert len(hits) == value.photos, value


def test_replaced_and_deleted_photos_never_count(catalogue, filled):
    catalogue.write(filled, rows(*[{"place": "city"}] * 150, version=2))
    catalogue.delete(filled, {f"p{n:06}": 3 for n in range(250, 300)})
    found = catalogue.attributes(filled)
    assert (found.photos, found.sampled_photos) == (250, 250)
    by_name = counted(catalogue, filled)
    assert by_name["place"].values == [ValueCount("city", 250)]
    assert (by_name["n"].photos, by_name["n"].min, by_name["n"].max) == (100, 150, 249)


def test_a_filter_counts_only_the_photos_that_match(catalogue, filled):
    found = catalogue.attributes(filled, parse({"n": {"lt": 160}, "place": {"ne": "x'{p0:String}%d"}}))
    assert (found.photos, found.sampled_photos, found.matching_photos) == (300, 300, 160)
    place = counted(catalogue, filled, {"n": {"lt": 160}})["place"]
    assert place.values == [ValueCount("beach", 150), ValueCount("city", 10)]
    assert counted(catalogue, filled, {"n": -1}) == {}


def test_a_large_collection_is_sampled_without_replaced_and_deleted_photos(catalogue, collection, monkeypatch):
    monkeypatch.setattr(attributes, "SAMPLE_PHOTOS", 200)
    catalogue.ensure(collection, "m", DIMENSION)
    catalogue.write(collection, rows(*({"place": "old"} for _ in range(8000))))
    catalogue.write(collection, rows(*({"place": ["a", "b", "b", "b"][n % 4]} for n in range(6000)), version=2))
    catalogue.delete(collection, {f"p{n:06}": 3 for n in range(6000, 8000)})
    found = catalogue.attributes(collection)
    assert found.photos == 6000
    assert 50 < found.sampled_photos < 1000
    (place,) = found.attributes
    assert place.photos == found.sampled_photos
    counts = {value.value: value.photos for value in place.values}
    assert counts.keys() == {"a", "b"}
    assert counts["a"] < counts["b"]


def test_names_and_values_are_bounded(catalogue, collection):
    catalogue.ensure(collection, "m", DIMENSION)
    long, longer = "x" * 150, "y" * 5000
    many = {f"a{n:03}": n for n in range(attributes.MAX_NAMES + 20)} | {"z" * 300: 1}
    catalogue.write(collection, rows({"zz": long}, {"zz": longer}, {"zz": longer + "!"}, many))
    found = catalogue.attributes(collection)
    assert found.has_more
    assert [attribute.name for attribute in found.attributes[:2]] == ["zz", "a000"]
    assert len(found.attributes) == attributes.MAX_NAMES
    assert found.attributes[0].distinct_values == 3
    assert found.attributes[0].values == [ValueCount(long, 1)]


def test_odd_names_survive(catalogue, collection):
    names = ["", " ", "a.b", "a'b", 'a"b\\', "{p0:String}", "%s", "%(x)s", "🐕", "\n", "PHOTOS", "true"]
    catalogue.ensure(collection, "m", DIMENSION)
    catalogue.write(collection, rows(dict.fromkeys(names, "v")))
    assert counted(catalogue, collection).keys() == set(names)
    assert json.loads(json.dumps(names)) == names


def test_an_empty_or_absent_collection_has_no_attributes(catalogue, collection):
    for _ in range(2):
        found = catalogue.attributes(collection)
        assert (found.photos, found.sampled_photos, found.attributes) == (0, 0, [])
        catalogue.ensure(collection, "m", DIMENSION)
