"""The stand-in's rules for `distance()`, filters, FINAL and the server: our dialect needs a strict server."""

import pytest
from pydantic import SecretStr

from shared.settings import Settings
from tests.contract.myscale_build import Build
from tests.contract.myscale_client import BRUTE, LENGTH, SEARCH, ids, insert, refused


@pytest.fixture
def settings(myscale) -> Settings:
    """The stand-in is the only target."""
    return Settings(catalogue_url=SecretStr(myscale.url))


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


def test_further_sort_keys_are_accepted(client, table):
    name = table()
    assert ids(client, SEARCH.format(t=name).replace("ASC", "ASC, id"), BRUTE) == ["a", "c", "b"]


def test_cosine_is_one_minus_cos(client, table):
    found = dict(client.query(SEARCH.format(t=table()), settings=BRUTE).result_rows)
    assert found == pytest.approx({"a": 0, "b": 1, "c": 0.4}, abs=1e-6)


def test_the_default_metric_is_squared_l2(client, table):
    found = dict(client.query(SEARCH.format(t=table(settings="")), settings=BRUTE).result_rows)
    assert found == pytest.approx({"a": 0, "b": 2, "c": 20}, abs=1e-6)


def test_without_a_metric_of_the_table_dropping_the_index_changes_the_metric(client, table):
    name = table(settings="")
    client.command(f"ALTER TABLE {name} ADD VECTOR INDEX vi v TYPE SCANN('metric_type=Cosine')")
    assert dict(client.query(SEARCH.format(t=name), settings=BRUTE).result_rows)["c"] == pytest.approx(0.4)
    client.command(f"ALTER TABLE {name} DROP VECTOR INDEX vi")
    assert dict(client.query(SEARCH.format(t=name), settings=BRUTE).result_rows)["c"] == pytest.approx(20)


def test_an_older_build_has_another_name_for_the_metric_of_a_table(client, table, myscale):
    myscale.become(Build(metric_setting="vector_search_metric_type"))
    refused(115, table)
    name = table(settings="vector_search_metric_type = 'Cosine'")
    assert dict(client.query(SEARCH.format(t=name), settings=BRUTE).result_rows)["c"] == pytest.approx(0.4)


def test_an_index_rejects_the_search_parameters_of_other_types(client, table):
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


def test_a_query_vector_of_whole_numbers_has_the_wrong_type(client, table):
    name = table()
    refused(36, lambda: client.query(SEARCH.format(t=name).replace("[1.0, 0.0]", "[1, 0]")), "UInt64")


@pytest.mark.parametrize("vector", ["[1.0]", "[1.0, 0.0, 0.0]"])
def test_a_query_vector_of_another_dimension_is_a_logical_error(client, table, vector):
    name = table()
    refused(49, lambda: client.query(SEARCH.format(t=name).replace("[1.0, 0.0]", vector), settings=BRUTE), "dimension")


def test_builds_may_reject_a_bound_query_vector(client, table, myscale):
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


def test_where_filters_before_the_search_and_with_final_after_it(client, table):
    name = table()
    one = SEARCH.replace("LIMIT 10", "LIMIT 1")
    assert ids(client, one.format(t=f"{name} WHERE place = 'y'"), BRUTE) == ["c"]
    assert ids(client, one.format(t=f"{name} FINAL WHERE place = 'y'"), BRUTE) == []
    moved = f"{one.format(t=f'{name} FINAL WHERE id = ' + chr(39) + 'c' + chr(39))}"
    assert ids(client, f"{moved} SETTINGS optimize_move_to_prewhere_if_final = 1", BRUTE) == ["c"]
    assert ids(client, one.format(t=f"{name} FINAL PREWHERE place = 'y'"), BRUTE) == ["c"]


def test_final_returns_replaced_rows(client, table):
    name = table()
    insert(client, name, "('a', [0, 1], 'y', 2)")
    near = SEARCH.format(t=f"{name} FINAL").replace("LIMIT 10", "LIMIT 1")
    # Each part's nearest row is found first. The new `a` is the only row of its part, so it is among them …
    assert ids(client, near, BRUTE) == ["a"]
    assert client.query(near, settings=BRUTE).result_rows[0][1] == pytest.approx(1)
    # … but its old row has displaced `c`, which is nearer; and a filter returns the old row on its own.
    stale = SEARCH.format(t=f"{name} FINAL PREWHERE place = 'x'")
    assert client.query(stale, settings=BRUTE).result_rows[0] == ("a", pytest.approx(0))


def test_builds_may_reject_is_deleted_of_replacing_merge_tree(client, table, myscale):
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


def test_its_settings_are_listed_and_others_rejected(client, table, myscale):
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
def test_vector_search_of_newer_clickhouse_is_rejected(client, sql):
    refused(62, lambda: client.query(sql), "newer")


def test_its_version_is_that_of_its_base(client):
    assert client.server_version == "23.3.2.1"


def test_a_search_may_be_cancelled(client, table, myscale):
    name = table()
    myscale.cancel(1)
    refused(394, lambda: client.query(SEARCH.format(t=name), settings=BRUTE))
    assert ids(client, SEARCH.format(t=name), BRUTE) == ["a", "c", "b"]


def test_an_insert_into_too_many_parts_is_rejected(client, table, myscale):
    name = table()
    myscale.refuse_inserts(1)
    refused(252, lambda: insert(client, name, "('d', [1, 1], 'x', 1)"))
    insert(client, name, "('d', [1, 1], 'x', 1)")
    assert ids(client, f"SELECT id FROM {name} ORDER BY id") == ["a", "b", "c", "d"]
