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
from shared.catalogue.connect import parse
from shared.catalogue.myscale import MyScale
from shared.domain.filters import parse as parse_filter
from shared.errors import ConfigurationError, UnavailableError
from shared.settings import Settings
from tests.contract.conftest import until_built
from tests.contract.myscale_build import Build
from tests.contract.myscale_photos import DIMENSION, EAST, NORTH, PHOTOS, UP, found, open_catalogue, row, searches, unit


@pytest.fixture
def settings(myscale) -> Settings:
    """The stand-in is the only target."""
    return Settings(catalogue_url=SecretStr(myscale.url))


@pytest.fixture
def filled(catalogue, collection):
    catalogue.ensure(collection, "m", DIMENSION)
    catalogue.write(collection, PHOTOS)
    return collection


@pytest.fixture
def indexed(catalogue, filled):
    catalogue.build_index(filled)
    until_built(catalogue, filled)
    return filled


# --- detection and addresses ---


def test_the_dialect_is_detected_whatever_the_scheme_of_the_address(myscale, catalogue_url):
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
def test_the_scheme_sets_the_default_of_tls_and_port(url, secure, port):
    address = parse(url)
    assert (address.secure, address.port) == (secure, port)


@pytest.mark.parametrize("query", ["secure", "secure=", "secure=maybe", "secure=0&secured=1", "verify=0", "a"])
def test_other_options_of_an_address_are_rejected_without_repeating_the_password(query):
    with pytest.raises(ConfigurationError, match="must look like") as failure:
        parse(f"myscale://u:hunter2@h/d?{query}")
    assert "hunter2" not in str(failure.value)
    assert "hunter2" not in repr(parse("myscale://u:hunter2@h/d"))


# --- results ---


def test_rows_are_found_at_once_on_builds_without_the_brute_force_setting(myscale, collection):
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


def test_distances_are_cosine_distances_with_and_without_an_index(myscale, catalogue, filled):
    expected = {"a": 0, "c": 1 - 2**-0.5, "b": 1}
    for built in (False, True):
        if built:
            catalogue.build_index(filled)
            until_built(catalogue, filled)
        hits = {hit.photo.photo_id: hit.distance for hit in catalogue.search(filled, EAST, 3)}
        assert hits == pytest.approx(expected, abs=1e-6)


def test_no_index_search_uses_final_and_each_has_order_and_limit(myscale, catalogue, indexed):
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


def test_the_old_version_of_a_replaced_photo_is_not_found_and_displaces_no_other(catalogue, indexed):
    for version in range(2, 12):
        catalogue.write(indexed, [row("a", NORTH, version, place="z")])
    assert found(catalogue, indexed, EAST, 1) == ["c"]
    assert found(catalogue, indexed, EAST, where=parse_filter({"place": "x"})) == ["b"]
    assert set(found(catalogue, indexed, NORTH, 2)) == {"a", "b"}


def test_deleted_photos_stay_hidden_until_a_later_version_is_written(catalogue, indexed):
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
def test_any_sequence_of_writes_and_deletions_leaves_the_current_photos_to_be_found(
    catalogue, steps, indexed, top_k, place
):
    """Each step writes or deletes one photo in an INSERT of its own, with rising versions."""
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


def test_no_collection_is_created_on_a_server_that_measures_another_metric(myscale, catalogue, collection):
    myscale.become(Build(ignores_metrics=True))
    with pytest.raises(ConfigurationError, match="cosine"):
        catalogue.ensure(collection, "m", DIMENSION)
    assert catalogue.describe(collection) is None


def test_the_probe_leaves_nothing_behind(myscale, catalogue, collection):
    catalogue.ensure(collection, "m", DIMENSION)
    assert not catalogue._session.rows("SELECT name FROM system.tables WHERE startsWith(name, 'lichtbild_probe')")


def test_a_cancelled_search_is_retried(myscale, catalogue, indexed):
    myscale.cancel(2)
    assert found(catalogue, indexed, EAST, 1) == ["a"]


def test_a_search_that_is_always_cancelled_is_unavailable(myscale, catalogue, indexed, caplog):
    myscale.cancel(100)
    with caplog.at_level(logging.CRITICAL), pytest.raises(UnavailableError) as failure:
        catalogue.search(indexed, EAST, 1)
    assert failure.value.retryable
    myscale.cancel(0)
    assert found(catalogue, indexed, EAST, 1) == ["a"]


def test_an_insert_into_too_many_parts_is_retryable_and_loses_nothing(myscale, catalogue, filled, caplog):
    myscale.refuse_inserts(1)
    with caplog.at_level(logging.CRITICAL), pytest.raises(UnavailableError) as failure:
        catalogue.write(filled, [row("d", UP)])
    assert failure.value.retryable
    catalogue.write(filled, [row("d", UP)])
    assert found(catalogue, filled, UP, 1) == ["d"]


# --- tables ---


def test_an_existing_collection_is_not_created_again(myscale, filled):
    catalogue = open_catalogue(myscale.url)
    myscale.statements()
    catalogue.ensure(filled, "m", DIMENSION)
    catalogue.write(filled, [row("d", UP)])
    catalogue.delete(filled, {"d": 2})
    assert {sql.split()[0] for sql, _ in myscale.statements()} == {"SELECT", "INSERT"}


def test_a_table_of_another_kind_is_no_collection(myscale, catalogue, collection):
    address = parse(myscale.url)
    client = clickhouse_connect.get_client(host=address.host, port=address.port, password=address.password)
    client.command(f"CREATE TABLE {collection} (id String) ENGINE = MergeTree ORDER BY id")
    assert collection not in {known.name for known in catalogue.collections()}
