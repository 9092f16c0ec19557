"""Tables that an older or a newer Lichtbild created, and tables that are dropped."""

import json

import numpy as np
import pytest

from shared.catalogue.connect import connect
from shared.catalogue.interface import Row
from shared.errors import ModelMismatchError, NewerSchemaError, UnavailableError


def row(photo_id: str, direction: int, version: int = 1) -> Row:
    return Row(photo_id, "http://h/x", np.eye(4, dtype=np.float32)[direction], bytes(32), {}, version)


def comment(schema: int) -> str:
    return json.dumps({"kind": "lichtbild", "schema": schema, "model": "m", "dimension": 4})


@pytest.fixture
def first_schema(statement, collection) -> str:
    """A table as the first release created it."""
    statement(
        f"CREATE TABLE `{collection}` (photo_id String, photo_image_url String CODEC(ZSTD),"
        " photo_embed Array(Float32) CODEC(NONE), content_hash String, attributes String CODEC(ZSTD),"
        " stored_at DateTime64(3, 'UTC') DEFAULT now64(3), version UInt64, deleted UInt8,"
        " CONSTRAINT vector_len CHECK length(photo_embed) = 4)"
        f" ENGINE = ReplacingMergeTree(version, deleted) ORDER BY photo_id COMMENT '{comment(1)}'"
    )
    return collection


def test_a_table_of_the_first_schema_is_used_as_it_is(catalogue, first_schema):
    catalogue.ensure(first_schema, "m", 4)
    catalogue.write(first_schema, [row("a", 0), row("b", 1)])
    catalogue.delete(first_schema, {"b": 2})
    assert [hit.photo.photo_id for hit in catalogue.search(first_schema, np.ones(4, np.float32), 5)] == ["a"]
    assert catalogue.describe(first_schema).model == "m"
    with pytest.raises(ModelMismatchError):
        catalogue.ensure(first_schema, "other", 4)


def test_a_table_of_a_newer_schema_is_refused_and_affects_no_other(settings, catalogue, collection, statement):
    catalogue.ensure(f"{collection}_ours", "m", 4)
    catalogue.ensure(collection, "m", 4)
    statement(f"ALTER TABLE `{collection}` MODIFY COMMENT '{comment(99)}'")
    for call in (lambda: catalogue.describe(collection), lambda: connect(settings).ensure(collection, "m", 4)):
        with pytest.raises(NewerSchemaError, match="newer Lichtbild"):
            call()
    names = {found.name for found in catalogue.collections()}
    assert f"{collection}_ours" in names
    assert collection not in names


def test_the_next_write_creates_a_dropped_collection_again(catalogue, collection, statement):
    catalogue.ensure(collection, "m", 4)
    catalogue.write(collection, [row("a", 0)])
    statement(f"DROP TABLE `{collection}`")
    catalogue.ensure(collection, "m", 4)
    catalogue.write(collection, [row("b", 1)])
    assert catalogue.describe(collection).model == "m"
    assert [hit.photo.photo_id for hit in catalogue.search(collection, np.ones(4, np.float32), 5)] == ["b"]


def test_a_collection_that_was_never_created_cannot_be_written_to(catalogue, collection):
    with pytest.raises(UnavailableError, match="no collection"):
        catalogue.write(collection, [row("a", 0)])


def test_a_table_of_another_kind_is_refused(settings, collection, statement):
    statement(f"CREATE TABLE `{collection}` (photo_id String) ENGINE = MergeTree ORDER BY photo_id")
    with pytest.raises(ModelMismatchError, match="another kind"):
        connect(settings).ensure(collection, "m", 4)


def test_a_collection_is_dropped_and_may_be_created_with_another_model(catalogue, collection):
    catalogue.ensure(collection, "m", 2)
    vector = np.array([1, 0], np.float32)
    catalogue.write(collection, [Row(str(n), "http://h/x", vector, bytes(32), {}, 1) for n in range(3)])
    catalogue.delete(collection, {"1": 2})
    assert (catalogue.ids(collection, "", 1), catalogue.ids(collection, "0", 9)) == (["0"], ["2"])
    for _ in range(2):
        catalogue.drop(collection)
    assert (catalogue.describe(collection), catalogue.ids(collection, "", 9)) == (None, [])
    catalogue.ensure(collection, "another", 3)
    assert catalogue.describe(collection).model == "another"
    assert catalogue.count(collection) == 0
