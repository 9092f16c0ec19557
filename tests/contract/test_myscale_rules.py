"""The rules of MyScale that its stand-in keeps: what our dialect is tested against has to be strict itself."""

import time
from collections.abc import Callable

import clickhouse_connect
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError
from pydantic import SecretStr

from shared.catalogue.connect import parse
from shared.settings import Settings
from tests.contract.myscale_build import Build

COLUMNS = "id String, v Array(Float32), place String, version UInt64"
LENGTH = "CONSTRAINT len CHECK length(v) = 2"
COSINE = "float_vector_search_metric_type = 'Cosine'"
BRUTE = {"enable_brute_force_vector_search": 1}
SEARCH = "SELECT id, distance(v, [1.0, 0.0]) AS dist FROM {t} ORDER BY dist ASC LIMIT 10"


@pytest.fixture
def settings(myscale) -> Settings:
    """This target alone."""
    return Settings(catalogue_url=SecretStr(myscale.url))


@pytest.fixture(scope="module")
def connected(running_myscale) -> Client:
    address = parse(running_myscale.url)
    return clickhouse_connect.get_client(
        host=address.host, port=address.port, username="default", password=address.password
    )


@pytest.fixture
def client(connected, myscale) -> Client:
    return connected


@pytest.fixture
def table(client, collection) -> Callable[..., str]:
    """Makes a table of three rows: `a` at (1, 0), `b` at (0, 1), `c` at (3, 4)."""

    def make(constraint: str = LENGTH, settings: str = COSINE, engine: str = "ReplacingMergeTree(version)") -> str:
        ending = f"ORDER BY id SETTINGS {settings}" if settings else "ORDER BY id"
        client.command(f"CREATE TABLE {collection} ({COLUMNS}, {constraint}) ENGINE = {engine} {ending}")
        insert(client, collection, "('a', [1, 0], 'x', 1), ('b', [0, 1], 'x', 1), ('c', [3, 4], 'y', 1)")
        return collection

    return make


def insert(client: Client, table: str, values: str) -> None:
    client.command(f"INSERT INTO {table} (id, v, place, version) VALUES {values}")


def ids(client: Client, sql: str, settings: dict | None = None, **parameters: object) -> list[str]:
    return [row[0] for row in client.query(sql, parameters=parameters, settings=settings or {}).result_rows]


def refused(code: int, run: Callable[[], object], match: str | None = None) -> None:
    with pytest.raises(DatabaseError, match=match) as failure:
        run()
    assert failure.value.code == code


def status(client: Client, table: str) -> str:
    return str(client.command(f"SELECT status FROM system.vector_indices WHERE table = '{table}'"))


def wait_until_built(client: Client, table: str) -> None:
    deadline = time.monotonic() + 20
    while status(client, table) != "Built":
        assert time.monotonic() < deadline
        time.sleep(0.02)


# --- indexes: definition, types, parameters ---


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
def test_spellings_of_a_type_and_its_parameters_that_are_taken(client, table, kind):
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
def test_types_and_parameters_that_are_refused(client, table, kind):
    name = table()
    refused(36, lambda: client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE {kind}"))


def test_the_cloud_has_mstg_and_the_open_source_build_scann(client, table, myscale):
    name = table()
    myscale.become(Build(cloud=True))
    refused(36, lambda: client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE SCANN"))
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE MSTG('metric_type=Cosine')")


def test_a_length_constraint_is_asked_for(client, table):
    name = table(constraint="CONSTRAINT some CHECK id != ''")
    refused(36, lambda: client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE SCANN"), "constraint")


def test_only_float32_is_searched(client, collection):
    client.command(
        f"CREATE TABLE {collection} (id String, v Array(Float64), CONSTRAINT len CHECK length(v) = 2)"
        " ENGINE = MergeTree ORDER BY id"
    )
    refused(36, lambda: client.command(f"ALTER TABLE {collection} ADD VECTOR INDEX vi v TYPE SCANN"), "Float32")
    refused(36, lambda: client.query(SEARCH.format(t=collection), settings=BRUTE), "Float32")


def test_a_second_index_is_refused(client, table):
    name = table()
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX one v TYPE SCANN")
    refused(36, lambda: client.command(f"ALTER TABLE {name} ADD VECTOR INDEX two v TYPE FLAT"))


# --- indexes: status ---


def test_the_columns_of_the_status_are_those_of_the_server(client, table):
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


def test_a_failed_part_and_its_reason_are_named(client, table, myscale):
    myscale.indexes("failing", "out of memory")
    name = table()
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE SCANN")
    found = client.query(
        f"SELECT status, latest_failed_part, latest_fail_reason FROM system.vector_indices WHERE table = '{name}'"
    ).result_rows[0]
    assert found[0] == "Error"
    assert found[1].startswith("all_")
    assert found[2] == "out of memory"


# --- distance() ---


def test_rows_of_parts_without_an_index_are_missing_unless_brute_force_is_on(client, table, myscale):
    name = table()
    assert ids(client, SEARCH.format(t=name)) == []
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE SCANN('metric_type=Cosine')")
    client.command(f"SYSTEM WAIT BUILDING VECTOR INDICES {name}")
    myscale.indexes("held")
    insert(client, name, "('d', [1, 0.1], 'x', 1)")
    assert ids(client, SEARCH.format(t=name)) == ["a", "c", "b"]
    assert ids(client, SEARCH.format(t=name), BRUTE) == ["a", "d", "c", "b"]
    inline = f"{SEARCH.format(t=name)} SETTINGS enable_brute_force_vector_search = 1"
    assert ids(client, inline) == ["a", "d", "c", "b"]


@pytest.mark.parametrize(
    "ending", ["LIMIT 5", "ORDER BY dist", "ORDER BY dist DESC LIMIT 5", "ORDER BY id DESC LIMIT 5"]
)
def test_without_order_or_limit_or_in_the_wrong_direction_a_search_is_a_syntax_error(client, table, ending):
    name = table()
    refused(62, lambda: client.query(f"SELECT id, distance(v, [1.0, 0.0]) AS dist FROM {name} {ending}"))


def test_inner_products_are_ordered_downwards(client, table):
    name = table(settings="float_vector_search_metric_type = 'IP'")
    refused(62, lambda: client.query(SEARCH.format(t=name), settings=BRUTE), "DESC")
    found = client.query(SEARCH.format(t=name).replace("ASC", "DESC"), settings=BRUTE).result_rows
    assert found == [("c", 3.0), ("a", 1.0), ("b", 0.0)]


def test_further_sort_keys_are_taken(client, table):
    name = table()
    assert ids(client, SEARCH.format(t=name).replace("ASC", "ASC, id"), BRUTE) == ["a", "c", "b"]


def test_cosine_is_one_minus_cos(client, table):
    found = dict(client.query(SEARCH.format(t=table()), settings=BRUTE).result_rows)
    assert found == pytest.approx({"a": 0, "b": 1, "c": 0.4}, abs=1e-6)


def test_l2_is_what_is_measured_if_nobody_says_otherwise_and_it_is_squared(client, table):
    found = dict(client.query(SEARCH.format(t=table(settings="")), settings=BRUTE).result_rows)
    assert found == pytest.approx({"a": 0, "b": 2, "c": 20}, abs=1e-6)


def test_dropping_the_index_changes_the_metric_unless_the_table_names_it_too(client, table):
    name = table(settings="")
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE SCANN('metric_type=Cosine')")
    assert dict(client.query(SEARCH.format(t=name), settings=BRUTE).result_rows)["c"] == pytest.approx(0.4)
    client.command(f"ALTER TABLE {name} DROP VECTOR INDEX vi")
    assert dict(client.query(SEARCH.format(t=name), settings=BRUTE).result_rows)["c"] == pytest.approx(20)


def test_an_older_build_has_another_name_for_the_tables_metric(client, table, myscale):
    myscale.become(Build(metric_setting="vector_search_metric_type"))
    refused(115, table)
    name = table(settings="vector_search_metric_type = 'Cosine'")
    assert dict(client.query(SEARCH.format(t=name), settings=BRUTE).result_rows)["c"] == pytest.approx(0.4)


def test_search_parameters_belong_to_a_type(client, table):
    name = table()
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE HNSWFLAT('metric_type=Cosine')")
    search = SEARCH.format(t=name)
    assert ids(client, search.replace("distance(", "distance('ef_s=100')("), BRUTE) == ["a", "c", "b"]
    refused(36, lambda: client.query(search.replace("distance(", "distance('alpha=3')(")), "alpha")


@pytest.mark.parametrize(("alpha", "works"), [("1", True), ("4", True), ("0.5", False), ("5", False)])
def test_alpha_is_from_1_to_4(client, table, alpha, works):
    name = table()
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE SCANN('metric_type=Cosine')")
    search = SEARCH.format(t=name).replace("distance(", f"distance('alpha={alpha}')(")
    if works:
        assert ids(client, search, BRUTE) == ["a", "c", "b"]
    else:
        refused(36, lambda: client.query(search), "1~4")


def test_whole_numbers_make_the_query_vector_another_type(client, table):
    name = table()
    refused(36, lambda: client.query(SEARCH.format(t=name).replace("[1.0, 0.0]", "[1, 0]")), "UInt64")


def test_a_bound_query_vector_may_or_may_not_be_taken(client, table, myscale):
    name = table()
    bound = SEARCH.format(t=name).replace("[1.0, 0.0]", "{q:Array(Float32)}")
    refused(36, lambda: client.query(bound, parameters={"q": [1.0, 0.0]}))
    myscale.become(Build(bound_vectors=True))
    assert ids(client, bound, BRUTE, q=[1.0, 0.0]) == ["a", "c", "b"]


def test_a_page_beyond_the_window_is_refused(client, table):
    name = table()
    assert ids(client, SEARCH.format(t=name).replace("LIMIT 10", "LIMIT 1 OFFSET 1"), BRUTE) == ["c"]
    beyond = SEARCH.format(t=name).replace("LIMIT 10", "LIMIT 10 OFFSET 9995")
    refused(36, lambda: client.query(beyond, settings=BRUTE))


# --- filters, FINAL ---


def test_where_is_looked_at_before_the_search_but_after_it_beside_final(client, table):
    name = table()
    one = SEARCH.replace("LIMIT 10", "LIMIT 1")
    assert ids(client, one.format(t=f"{name} WHERE place = 'y'"), BRUTE) == ["c"]
    assert ids(client, one.format(t=f"{name} FINAL WHERE place = 'y'"), BRUTE) == []
    moved = f"{one.format(t=f'{name} FINAL WHERE id = ' + chr(39) + 'c' + chr(39))}"
    assert ids(client, f"{moved} SETTINGS optimize_move_to_prewhere_if_final = 1", BRUTE) == ["c"]
    assert ids(client, one.format(t=f"{name} FINAL PREWHERE place = 'y'"), BRUTE) == ["c"]


def test_final_brings_back_what_was_replaced(client, table):
    name = table()
    insert(client, name, "('a', [0, 1], 'y', 2)")
    near = SEARCH.format(t=f"{name} FINAL").replace("LIMIT 10", "LIMIT 1")
    # Each part's nearest is found first. `a` of today is the only row of its part, so it is among them here …
    assert ids(client, near, BRUTE) == ["a"]
    assert client.query(near, settings=BRUTE).result_rows[0][1] == pytest.approx(1)
    # … but its old row has pushed `c` out, which is nearer; and a filter lets the old row through alone.
    stale = SEARCH.format(t=f"{name} FINAL PREWHERE place = 'x'")
    assert client.query(stale, settings=BRUTE).result_rows[0] == ("a", pytest.approx(0))


def test_replacing_merge_tree_may_or_may_not_know_is_deleted(client, table, myscale):
    engine = "ReplacingMergeTree(version, deleted)"
    columns = f"{LENGTH}, deleted UInt8 DEFAULT 0"
    myscale.become(Build(is_deleted_option=False))
    refused(42, lambda: table(constraint=columns, engine=engine))
    myscale.become(Build())
    assert ids(client, f"SELECT id FROM {table(constraint=columns, engine=engine)} FINAL ORDER BY id") == [
        "a",
        "b",
        "c",
    ]


# --- the server itself ---


def test_the_names_of_its_settings_are_listed_and_others_refused(client, table, myscale):
    name = table()
    known = "SELECT name FROM system.settings WHERE name IN ('enable_brute_force_vector_search', 'max_threads')"
    assert sorted(ids(client, known)) == ["enable_brute_force_vector_search", "max_threads"]
    refused(115, lambda: client.query(SEARCH.format(t=name), settings={"no_such_setting": 1}))
    myscale.become(Build(brute_force_setting=False))
    assert ids(client, known) == ["max_threads"]
    refused(115, lambda: client.query(SEARCH.format(t=name), settings=BRUTE))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 SETTINGS vector_search_with_rescoring = 1",
        "ALTER TABLE t ADD INDEX i v TYPE vector_similarity('hnsw', 'cosineDistance', 2)",
        "SELECT CAST([1], 'Array(BFloat16)')",
    ],
)
def test_vector_search_of_newer_clickhouse_is_not_known(client, sql):
    refused(62, lambda: client.query(sql), "newer")


def test_its_version_is_that_of_its_base(client):
    assert client.server_version == "23.3.2.1"


def test_a_search_may_be_cancelled(client, table, myscale):
    name = table()
    myscale.cancel(1)
    refused(394, lambda: client.query(SEARCH.format(t=name), settings=BRUTE))
    assert ids(client, SEARCH.format(t=name), BRUTE) == ["a", "c", "b"]
