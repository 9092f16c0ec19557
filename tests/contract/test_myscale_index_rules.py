"""The stand-in's rules for vector indexes: definition, types, parameters and status."""

import pytest
from pydantic import SecretStr

from shared.settings import Settings
from tests.contract.myscale_build import Build
from tests.contract.myscale_client import BRUTE, COLUMNS, LENGTH, SEARCH, ids, insert, refused, status, wait_until_built


@pytest.fixture
def settings(myscale) -> Settings:
    """The stand-in is the only target."""
    return Settings(catalogue_url=SecretStr(myscale.url))


# --- definition, types, parameters ---


def test_an_index_is_declared_with_the_table_or_added_and_dropped_later(client, table, collection):
    client.command(
        f"CREATE TABLE {collection}_i ({COLUMNS}, {LENGTH}, VECTOR INDEX vi v TYPE SCANN('metric_type=Cosine'))"
        " ENGINE = MergeTree ORDER BY id"
    )
    name = table()
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE SCANN('metric_type=Cosine')")
    known = "SELECT table FROM system.vector_indices WHERE startsWith(table, {t:String}) ORDER BY table"
    assert ids(client, known, t=collection) == [name, f"{collection}_i"]
    client.command(f"ALTER TABLE {name} DROP VECTOR INDEX vi")
    assert ids(client, known, t=collection) == [f"{collection}_i"]
    client.command(f"DROP TABLE {collection}_i")
    assert ids(client, known, t=collection) == []


@pytest.mark.parametrize(
    "kind",
    [
        "scann('metric_type=Cosine')",
        "SCANN('metric_type = COSINE')",
        "SCANN('metric_type=cosine')",
        """SCANN('{"metric_type":"Cosine"}')""",
        "HNSWFLAT('metric_type=IP', 'm=32', 'ef_c=256')",
        "IVFSQ('ncentroids=64', 'bit_size=QT_fp16')",
        "FLAT",
    ],
)
def test_accepted_spellings_of_a_type_and_its_parameters(client, table, kind):
    client.command(f"ALTER TABLE {table()} ADD VECTOR INDEX vi v TYPE {kind}")


@pytest.mark.parametrize(
    "kind",
    [
        "MSTG('metric_type=Cosine')",
        "HNSW",
        "SCANN('metric_type=Manhattan')",
        "SCANN('metric_type==Cosine')",
        "SCANN('metric_type')",
        "SCANN('metric_type=')",
        "SCANN('m=16')",
        "HNSWFLAT('m=4')",
        "HNSWFLAT('ef_c=9999')",
        "HNSWSQ('bit_size=3bit')",
        "IVFFLAT('ncentroids=many')",
    ],
)
def test_rejected_types_and_parameters(client, table, kind):
    name = table()
    refused(36, lambda: client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE {kind}"))


def test_the_cloud_has_mstg_and_the_open_source_build_scann(client, table, myscale):
    name = table()
    myscale.become(Build(cloud=True))
    refused(36, lambda: client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE SCANN"))
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE MSTG('metric_type=Cosine')")


def test_a_length_constraint_is_required(client, table):
    name = table(constraint="CONSTRAINT some CHECK id != ''")
    refused(36, lambda: client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE SCANN"), "constraint")


def test_only_float32_can_be_searched(client, collection):
    client.command(
        f"CREATE TABLE {collection} (id String, v Array(Float64), CONSTRAINT len CHECK length(v) = 2)"
        " ENGINE = MergeTree ORDER BY id"
    )
    refused(36, lambda: client.command(f"ALTER TABLE {collection} ADD VECTOR INDEX vi v TYPE SCANN"), "Float32")
    refused(36, lambda: client.query(SEARCH.format(t=collection), settings=BRUTE), "Float32")


def test_a_second_index_is_rejected(client, table):
    name = table()
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX one v TYPE SCANN")
    refused(36, lambda: client.command(f"ALTER TABLE {name} ADD VECTOR INDEX two v TYPE FLAT"))


# --- status ---


def test_the_status_has_the_columns_of_the_server(client, table):
    client.command(f"ALTER TABLE {table()} ADD VECTOR INDEX vi v TYPE SCANN")
    assert client.query("SELECT * FROM system.vector_indices LIMIT 1").column_names == (
        *("database", "table", "name", "type", "expr", "total_parts", "parts_with_vector_index", "small_parts"),
        *("status", "host_name", "latest_failed_part", "latest_fail_reason"),
    )


def test_each_insert_sets_the_status_back_until_its_part_is_built(client, table, myscale):
    name = table()
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE SCANN('metric_type=Cosine')")
    wait_until_built(client, name)
    myscale.indexes("held")
    insert(client, name, "('d', [1, 1], 'x', 1)")
    assert status(client, name) == "InProgress"
    client.command(f"SYSTEM WAIT BUILDING VECTOR INDICES {name}")
    assert status(client, name) == "Built"


def test_the_status_names_a_failed_part_and_the_reason(client, table, myscale):
    myscale.indexes("failing", "out of memory")
    name = table()
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE SCANN")
    found = client.query(
        f"SELECT status, latest_failed_part, latest_fail_reason FROM system.vector_indices WHERE table = '{name}'"
    ).result_rows[0]
    assert found[0] == "Error"
    assert found[1].startswith("all_")
    assert found[2] == "out of memory"


def test_after_a_failure_the_status_is_error_whenever_parts_are_missing_although_builds_continue(
    client, table, myscale
):
    myscale.indexes("failing", "out of memory")
    name = table()
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE SCANN")
    assert status(client, name) == "Error"
    myscale.indexes("soon")
    wait_until_built(client, name)
    myscale.indexes("held")
    insert(client, name, "('d', [1, 1], 'x', 1)")
    assert status(client, name) == "Error"
    myscale.indexes("soon")
    wait_until_built(client, name)
