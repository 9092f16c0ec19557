"""Our dialect of MyScale against each trap that MyScale sets; what it shares with other engines is tested elsewhere."""

import logging
import secrets

import clickhouse_connect
import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import SecretStr

from shared.catalogue.clickhouse import ClickHouse
from shared.catalogue.connect import connect, parse
from shared.catalogue.interface import Catalogue, Row
from shared.catalogue.myscale import MyScale
from shared.domain.filters import parse as parse_filter
from shared.errors import ConfigurationError, UnavailableError
from shared.settings import Settings
from tests.contract.conftest import until_built
from tests.contract.myscale_build import Build

DIMENSION = 4


def unit(*values: float) -> np.ndarray:
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


EAST, NORTH, UP, NORTHEAST = unit(1, 0, 0, 0), unit(0, 1, 0, 0), unit(0, 0, 1, 0), unit(1, 1, 0, 0)


def row(photo_id: str, vector: np.ndarray, version: int = 1, **attributes: object) -> Row:
    return Row(photo_id, "http://h/x", vector, bytes(32), attributes, version)


def open_catalogue(url: str, **chosen: object) -> Catalogue:
    return connect(Settings(catalogue_url=SecretStr(url), **chosen))


@pytest.fixture
def settings(myscale) -> Settings:
    """This target alone."""
    return Settings(catalogue_url=SecretStr(myscale.url))


@pytest.fixture
def filled(catalogue, collection):
    catalogue.ensure(collection, "m", DIMENSION)
    catalogue.write(collection, [row("a", EAST, place="x"), row("b", NORTH, place="x"), row("c", NORTHEAST, place="y")])
    return collection


@pytest.fixture
def indexed(catalogue, filled):
    catalogue.build_index(filled)
    until_built(catalogue, filled)
    return filled


def found(catalogue: Catalogue, collection: str, vector: np.ndarray, top_k: int = 10, **more) -> list[str]:
    return [hit.photo.photo_id for hit in catalogue.search(collection, vector, top_k, **more)]


def searches(myscale) -> list[tuple[str, dict[str, str]]]:
    return [(sql, settings) for sql, settings in myscale.statements() if " distance(" in sql or " distance('" in sql]


# --- which server it is ---


def test_the_server_is_asked_what_it_is_whatever_the_address_says(myscale, catalogue_url):
    myscale_as_clickhouse = myscale.url.replace("myscale://", "clickhouse://").partition("?")[0]
    assert isinstance(open_catalogue(myscale_as_clickhouse)._dialect, MyScale)
    clickhouse_as_myscale = catalogue_url.replace("clickhouse://", "myscale://") + "?secure=0"
    assert isinstance(open_catalogue(clickhouse_as_myscale)._dialect, ClickHouse)


@pytest.mark.parametrize(
    ("url", "secure", "port"),
    [
        ("myscale://u:p@h", True, 443),
        ("myscale://u:p@h:8443/d", True, 8443),
        ("myscale://u:p@h/d?secure=0", False, 8123),
        ("myscale://u:p@h/d?secure=false", False, 8123),
        ("myscale://u:p@h:9000?secure=1", True, 9000),
        ("clickhouse://h", False, 8123),
        ("clickhouse://h?secure=1", True, 8443),
        ("clickhouses://h", True, 8443),
    ],
)
def test_addresses_of_myscale_use_tls_unless_they_say_otherwise(url, secure, port):
    address = parse(url)
    assert (address.secure, address.port) == (secure, port)


@pytest.mark.parametrize("query", ["secure", "secure=", "secure=maybe", "secure=0&secured=1", "verify=0", "a"])
def test_what_an_address_asks_for_beyond_that_is_refused_and_not_repeated(query):
    with pytest.raises(ConfigurationError, match="must look like") as failure:
        parse(f"myscale://u:hunter2@h/d?{query}")
    assert "hunter2" not in str(failure.value)
    assert "hunter2" not in repr(parse("myscale://u:hunter2@h/d"))


# --- the index ---


@pytest.mark.parametrize(
    ("build", "chosen", "expected"),
    [
        (Build(), {}, "SCANN"),
        (Build(cloud=True), {}, "MSTG"),
        (Build(), {"myscale_index_type": "HNSWFLAT"}, "HNSWFLAT"),
        (Build(cloud=True), {"myscale_index_type": "IVFSQ"}, "IVFSQ"),
    ],
)
def test_the_index_is_of_the_builds_type_or_of_the_one_that_was_set(myscale, filled, build, chosen, expected):
    myscale.become(build)
    catalogue = open_catalogue(myscale.url, **chosen)
    catalogue.build_index(filled)
    until_built(catalogue, filled)
    index = catalogue.index(filled)
    assert (index.type, index.status, index.reason, index.rows) == (expected, "built", None, 3)
    assert found(catalogue, filled, EAST) == ["a", "c", "b"]


def test_a_type_that_the_server_does_not_know_is_a_matter_of_configuration(myscale, filled):
    with pytest.raises(ConfigurationError, match="LICHTBILD_MYSCALE_INDEX_TYPE"):
        open_catalogue(myscale.url, myscale_index_type="MSTG").build_index(filled)


@pytest.mark.parametrize(
    ("chosen", "parameter"),
    [("SCANN", "'alpha=3'"), ("HNSWFLAT", "'ef_s=1024'"), ("IVFFLAT", "'nprobe=32'"), ("FLAT", None)],
)
def test_a_search_sends_the_parameters_of_the_index_that_is_there(myscale, filled, chosen, parameter):
    catalogue = open_catalogue(myscale.url, myscale_index_type=chosen)
    catalogue.build_index(filled)
    until_built(catalogue, filled)
    myscale.statements()
    # Another process, which was told of another type.
    assert found(open_catalogue(myscale.url), filled, EAST, 2) == ["a", "c"]
    sql, _ = searches(myscale)[0]
    assert (f"distance({parameter}" in sql) if parameter else ("distance(photo_embed" in sql)


def test_each_insert_sets_the_index_back_and_its_rows_are_found_meanwhile(myscale, catalogue, indexed):
    myscale.indexes("held")
    catalogue.write(indexed, [row("d", UP)])
    index = catalogue.index(indexed)
    assert (index.status, index.rows) == ("building", 2)  # by its parts: one of two, of four rows
    assert found(catalogue, indexed, UP, 1) == ["d"]


def test_a_failed_build_is_an_error_with_its_reason_and_searches_go_on(myscale, catalogue, filled):
    myscale.indexes("failing", "out of memory")
    catalogue.build_index(filled)
    index = catalogue.index(filled)
    assert index.status == "error"
    assert "out of memory" in index.reason
    assert found(catalogue, filled, EAST, 2) == ["a", "c"]


# --- what is found ---


def test_rows_are_found_at_once_also_by_builds_that_do_not_know_the_setting(myscale, collection):
    myscale.become(
        Build(brute_force_setting=False, is_deleted_option=False, metric_setting="vector_search_metric_type")
    )
    catalogue = open_catalogue(myscale.url)
    catalogue.ensure(collection, "m", DIMENSION)
    catalogue.write(collection, [row("a", EAST), row("b", NORTH)])
    catalogue.delete(collection, {"a": 2})
    assert found(catalogue, collection, EAST) == ["b"]
    assert catalogue.count(collection) == 1
    assert catalogue.get(collection, "a") is None
    assert catalogue.random(collection).photo_id == "b"


def test_distances_are_cosines_whatever_the_servers_index_says(myscale, catalogue, filled):
    expected = {"a": 0, "c": 1 - 2**-0.5, "b": 1}
    for built in (False, True):
        if built:
            catalogue.build_index(filled)
            until_built(catalogue, filled)
        hits = {hit.photo.photo_id: hit.distance for hit in catalogue.search(filled, EAST, 3)}
        assert hits == pytest.approx(expected, abs=1e-6)


def test_no_search_asks_for_final_beside_the_index_and_each_has_order_and_limit(myscale, catalogue, indexed):
    myscale.statements()
    assert found(catalogue, indexed, EAST, 2, where=parse_filter({"place": "x"})) == ["a", "b"]
    asked = searches(myscale)
    assert asked
    for sql, settings in asked:
        assert "FINAL" not in sql
        assert "PREWHERE deleted = 0 AND" in sql
        assert "ORDER BY dist ASC LIMIT" in sql
        assert settings["enable_brute_force_vector_search"] == "1"


def test_an_exact_search_and_one_without_an_index_scan(myscale, catalogue, filled):
    myscale.statements()
    assert found(catalogue, filled, EAST, 3) == ["a", "c", "b"]
    catalogue.build_index(filled)
    until_built(catalogue, filled)
    assert found(catalogue, filled, EAST, 3, exact=True) == ["a", "c", "b"]
    assert searches(myscale) == []


def test_tiny_and_whole_numbers_in_a_query_stay_floats(catalogue, indexed):
    assert found(catalogue, indexed, np.array([1, 0, 0, 0], np.float32), 1) == ["a"]
    assert found(catalogue, indexed, np.array([1e-15, 0, 0, 0], np.float32), 1) == ["a"]
    assert found(catalogue, indexed, np.array([3e15, 1e-38, 0, 0], np.float32), 1) == ["a"]


def test_a_photo_that_was_replaced_is_neither_found_where_it_was_nor_crowds_out_others(catalogue, indexed):
    for version in range(2, 12):
        catalogue.write(indexed, [row("a", NORTH, version, place="z")])
    assert found(catalogue, indexed, EAST, 1) == ["c"]
    assert found(catalogue, indexed, EAST, where=parse_filter({"place": "x"})) == ["b"]
    assert set(found(catalogue, indexed, NORTH, 2)) == {"a", "b"}


def test_deleted_photos_stay_away_until_a_later_version_comes(catalogue, indexed):
    catalogue.delete(indexed, {"a": 5})
    catalogue.write(indexed, [row("a", EAST, 4)])
    assert found(catalogue, indexed, EAST) == ["c", "b"]
    catalogue.write(indexed, [row("a", EAST, 6)])
    assert found(catalogue, indexed, EAST) == ["a", "c", "b"]


STEPS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.integers(0, 7), st.sampled_from("xyz"), st.booleans()),
    min_size=1,
    max_size=12,
)


@examples(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, indexed=st.booleans(), top_k=st.integers(1, 7), place=st.sampled_from(["x", "y", None]))
def test_whatever_was_written_and_deleted_what_counts_is_found(catalogue, steps, indexed, top_k, place):
    """Each step writes or deletes one photo, in an insert of its own, in versions that rise."""
    collection = f"c{secrets.token_hex(6)}"
    catalogue.ensure(collection, "m", DIMENSION)
    if indexed:
        catalogue.build_index(collection)
    held: dict[str, tuple[np.ndarray, str]] = {}
    for version, (photo_id, direction, where, deletes) in enumerate(steps, 1):
        vector = unit(np.cos(direction), np.sin(direction), 0.5, 0.1)
        if deletes:
            catalogue.delete(collection, {photo_id: version})
            held.pop(photo_id, None)
        else:
            catalogue.write(collection, [row(photo_id, vector, version, place=where)])
            held[photo_id] = (vector, where)
    query = unit(1, 0.2, 0.1, 0)
    condition = None if place is None else parse_filter({"place": place})
    hits = catalogue.search(collection, query, top_k, condition)
    distances = sorted(1 - float(vector @ query) for vector, where in held.values() if place in (None, where))
    assert [hit.distance for hit in hits] == pytest.approx(distances[:top_k], abs=1e-5)
    assert all(held[hit.photo.photo_id][1] == hit.photo.attributes["place"] for hit in hits)
    assert len({hit.photo.photo_id for hit in hits}) == len(hits)


# --- failures ---


def test_a_server_that_measures_something_else_gets_no_collection(myscale, catalogue, collection):
    myscale.become(Build(deaf_to_metrics=True))
    with pytest.raises(ConfigurationError, match="cosine"):
        catalogue.ensure(collection, "m", DIMENSION)
    assert catalogue.describe(collection) is None


def test_the_probe_leaves_nothing_behind(myscale, catalogue, collection):
    catalogue.ensure(collection, "m", DIMENSION)
    assert not catalogue._session.rows("SELECT name FROM system.tables WHERE startsWith(name, 'lichtbild_probe')")


def test_a_cancelled_search_is_done_again(myscale, catalogue, indexed):
    myscale.cancel(2)
    assert found(catalogue, indexed, EAST, 1) == ["a"]


def test_a_search_that_is_always_cancelled_is_to_be_tried_later(myscale, catalogue, indexed, caplog):
    myscale.cancel(100)
    with caplog.at_level(logging.CRITICAL), pytest.raises(UnavailableError) as failure:
        catalogue.search(indexed, EAST, 1)
    assert failure.value.retryable
    myscale.cancel(0)
    assert found(catalogue, indexed, EAST, 1) == ["a"]


# --- tables ---


def test_a_collection_that_is_there_is_not_created_again(myscale, filled):
    catalogue = open_catalogue(myscale.url)
    myscale.statements()
    catalogue.ensure(filled, "m", DIMENSION)
    catalogue.write(filled, [row("d", UP)])
    catalogue.delete(filled, {"d": 2})
    assert {sql.split()[0] for sql, _ in myscale.statements()} == {"SELECT", "INSERT"}


def test_a_table_that_is_not_ours_is_left_alone(myscale, catalogue, collection):
    address = parse(myscale.url)
    client = clickhouse_connect.get_client(host=address.host, port=address.port, password=address.password)
    client.command(f"CREATE TABLE {collection} (id String) ENGINE = MergeTree ORDER BY id")
    assert collection not in {known.name for known in catalogue.collections()}
