"""Our dialect's vector index on MyScale: its type, its search parameters, its status, and the job that builds it."""

import pytest
from pydantic import SecretStr

from shared.errors import ConfigurationError
from shared.settings import Settings
from tests.contract.conftest import until_built, wait_for
from tests.contract.myscale_build import Build
from tests.contract.myscale_photos import DIMENSION, EAST, PHOTOS, UP, found, open_catalogue, row, searches
from worker.upkeep.build_progress import BuildProgress


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


@pytest.mark.parametrize(
    ("build", "chosen", "expected"),
    [
        (Build(), {}, "SCANN"),
        (Build(cloud=True), {}, "MSTG"),
        (Build(), {"myscale_index_type": "HNSWFLAT"}, "HNSWFLAT"),
        (Build(cloud=True), {"myscale_index_type": "IVFSQ"}, "IVFSQ"),
    ],
)
def test_the_index_has_the_default_type_of_the_build_or_the_configured_type(myscale, filled, build, chosen, expected):
    myscale.become(build)
    catalogue = open_catalogue(myscale.url, **chosen)
    catalogue.build_index(filled)
    until_built(catalogue, filled)
    index = catalogue.index(filled)
    assert (index.type, index.status, index.reason, index.rows) == (expected, "built", None, 3)
    assert found(catalogue, filled, EAST) == ["a", "c", "b"]


def test_a_type_that_the_server_does_not_support_is_a_configuration_error(myscale, filled):
    with pytest.raises(ConfigurationError, match="LICHTBILD_MYSCALE_INDEX_TYPE"):
        open_catalogue(myscale.url, myscale_index_type="MSTG").build_index(filled)


@pytest.mark.parametrize(
    ("chosen", "parameter"),
    [("SCANN", "'alpha=3'"), ("HNSWFLAT", "'ef_s=1024'"), ("IVFFLAT", "'nprobe=32'"), ("FLAT", None)],
)
def test_a_search_sends_the_parameter_of_the_existing_index(myscale, filled, chosen, parameter):
    catalogue = open_catalogue(myscale.url, myscale_index_type=chosen)
    catalogue.build_index(filled)
    until_built(catalogue, filled)
    myscale.statements()
    # Another process, configured with another type.
    assert found(open_catalogue(myscale.url), filled, EAST, 2) == ["a", "c"]
    sql, _ = searches(myscale)[0]
    assert (f"distance({parameter}" in sql) if parameter else ("distance(photo_embed" in sql)


def test_after_an_insert_the_index_is_building_and_the_rows_are_found(myscale, catalogue, indexed):
    myscale.indexes("held")
    catalogue.write(indexed, [row("d", UP)])
    index = catalogue.index(indexed)
    assert (index.status, index.rows) == ("building", 2)  # by its parts: one of two, of four rows
    assert found(catalogue, indexed, UP, 1) == ["d"]


def test_a_failed_build_is_an_error_with_its_reason_and_searches_continue(myscale, catalogue, filled):
    myscale.indexes("failing", "out of memory")
    catalogue.build_index(filled)
    index = catalogue.index(filled)
    assert index.status == "error"
    assert "out of memory" in index.reason
    assert found(catalogue, filled, EAST, 2) == ["a", "c"]


def test_a_build_that_continues_after_a_failure_has_not_stalled(myscale, catalogue, filled):
    progress = BuildProgress(stall_seconds=0)
    myscale.indexes("failing", "out of memory")
    catalogue.build_index(filled)
    catalogue.write(filled, [row("d", UP)])
    assert catalogue.index(filled).status == "error"
    before = catalogue.unindexed_parts(filled)
    assert before == 2
    assert progress.has_stalled("failing", before)

    myscale.indexes("soon")
    wait_for(lambda: catalogue.unindexed_parts(filled) == 0)
    assert catalogue.index(filled).status == "built"

    myscale.indexes("held")
    catalogue.write(filled, [row("e", UP)])
    assert catalogue.index(filled).status == "error", "the server still reports the old failure"
    patient = BuildProgress(stall_seconds=3600)
    assert not patient.has_stalled("going on", catalogue.unindexed_parts(filled))
    myscale.indexes("soon")
    wait_for(lambda: catalogue.index(filled).status == "built")
