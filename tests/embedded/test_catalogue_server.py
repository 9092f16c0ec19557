"""The catalogue server as a real process, with the client that the workers use."""

import gzip
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.embedded.conftest import CatalogueAddress

NewTable = Callable[[str], str]
PHOTOS = "id String, v Array(Float32), CONSTRAINT size CHECK length(v) = 512"


def vectors(count: int) -> np.ndarray:
    return np.random.default_rng(count).standard_normal((count, 512)).astype(np.float32)


def names(count: int, prefix: str = "p") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


def ids(client: Client, table: str) -> set[str]:
    return {row[0] for row in client.query(f"SELECT id FROM {table}").result_rows}


def test_an_unmodified_client_connects_and_pings(client: Client) -> None:
    assert client.ping()
    assert client.command("SELECT version()") == client.server_version
    assert client.command("SELECT currentDatabase()") == "default"


@pytest.mark.parametrize("path", ["ping", ""])
def test_liveness_needs_no_password(address: CatalogueAddress, path: str) -> None:
    assert requests.get(address.http + path, timeout=5).text == "Ok.\n"
    assert requests.head(address.http + path, timeout=5).status_code == 200


def test_parameters_of_a_url_are_bound(client: Client) -> None:
    found = client.query("SELECT {i:UInt32} + 1, {s:String}", parameters={"i": 41, "s": "it's\ta 'file(x)'\n\\"})

    assert found.result_rows == [(42, "it's\ta 'file(x)'\n\\")]


def test_a_bad_parameter_is_an_error_and_no_sql(client: Client) -> None:
    with pytest.raises(DatabaseError) as error:
        client.query("SELECT {i:UInt32}", parameters={"i": "1 OR 1=1"})

    assert error.value.code == 457


def test_vectors_are_inserted_by_column_and_a_large_bound_vector_finds_the_nearest(
    client: Client, new_table: NewTable
) -> None:
    table = new_table(PHOTOS)
    stored = vectors(500)
    summary = client.insert(table, [names(500), stored], column_names=["id", "v"], column_oriented=True)

    # 512 numbers are some 11 KB of text, so the client sends them as a multipart form.
    found = client.query(
        f"SELECT id, cosineDistance(v, {{q:Array(Float32)}}) AS d FROM {table} ORDER BY d LIMIT {{k:UInt32}}",
        parameters={"q": stored[17].tolist(), "k": 3},
    )

    assert summary.written_rows == 500
    assert found.result_rows[0][0] == "p17"
    assert found.result_rows[0][1] == pytest.approx(0, abs=1e-6)
    assert len(found.result_rows) == 3


@pytest.mark.parametrize("compress", [False, True, "lz4", "zstd", "gzip"])
def test_inserts_and_answers_of_every_compression(
    address: CatalogueAddress, new_table: NewTable, compress: bool | str
) -> None:
    client = address.client(compress=compress)
    table = new_table(PHOTOS)
    stored = vectors(300)

    client.insert(table, [names(300), stored], column_names=["id", "v"], column_oriented=True)

    rows = client.query(f"SELECT id, v FROM {table}").result_rows
    assert {row[0] for row in rows} == set(names(300))
    assert np.array_equal(np.array(dict(rows)["p299"], dtype=np.float32), stored[299])


@pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
def test_an_insert_of_many_blocks(address: CatalogueAddress, new_table: NewTable, compress: bool | str) -> None:
    table = new_table(PHOTOS)
    client = address.client(compress=compress)

    client.insert(table, [names(12_000), vectors(12_000)], column_names=["id", "v"], column_oriented=True)

    assert ids(client, table) == set(names(12_000))


def test_an_empty_insert(client: Client, address: CatalogueAddress, new_table: NewTable) -> None:
    table = new_table("id String")

    assert address.post(b"", params={"query": f"INSERT INTO {table} FORMAT JSONEachRow"}).ok
    assert address.post(b"", params={"query": f"INSERT INTO {table} FORMAT Native"}).ok
    assert address.post(b"", params={"query": "INSERT INTO no_such_table FORMAT Native"}).status_code == 404
    assert ids(client, table) == set()


@pytest.mark.parametrize("argument", ["query_id", "default_format"])
def test_text_for_a_header_must_be_printable(address: CatalogueAddress, argument: str) -> None:
    assert address.post("SELECT 1", params={argument: "a\r\nX-Injected: 1"}).status_code == 400


def test_block_compression_is_refused_and_not_ignored(address: CatalogueAddress) -> None:
    assert address.post("SELECT 1", params={"compress": "1"}).status_code == 501


def test_a_raw_insert_is_decompressed(address: CatalogueAddress, client: Client, new_table: NewTable) -> None:
    table = new_table("id String, n Int64")
    body = gzip.compress(b"a,1\nb,2\n")

    client.raw_insert(table, ["id", "n"], body, fmt="CSV", compression="gzip")
    cut = address.post(
        body[:-9], params={"query": f"INSERT INTO {table} FORMAT CSV"}, headers={"Content-Encoding": "gzip"}
    )
    broken = address.post(
        body[:20], params={"query": f"INSERT INTO {table} FORMAT CSV"}, headers={"Content-Encoding": "lz4"}
    )

    assert ids(client, table) == {"a", "b"}
    assert (cut.status_code, cut.headers["X-ClickHouse-Exception-Code"]) == (400, "117")
    assert (broken.status_code, broken.headers["X-ClickHouse-Exception-Code"]) == (400, "117")


def test_inline_inserts(address: CatalogueAddress, client: Client, new_table: NewTable) -> None:
    table = new_table("id String, n Int64")

    client.command(f"INSERT INTO {table} VALUES ('a', 1), ('b -- file(', 2)")
    client.command(f"INSERT INTO {table} SELECT id || '2', n FROM {table}")
    assert address.post(f"INSERT INTO {table} (n, id) FORMAT CSV\n3,c\n4,d\n").ok
    assert address.post('{"id": "e", "n": 5}', params={"query": f"INSERT INTO {table} FORMAT JSONEachRow"}).ok
    assert address.post("('f', 6)", params={"query": f"INSERT INTO {table} VALUES"}).ok
    assert address.post(f"INSERT INTO {table} SETTINGS async_insert = 0 FORMAT TSV\ng\t7\n").ok

    assert ids(client, table) == {"a", "b -- file(", "a2", "b -- file(2", "c", "d", "e", "f", "g"}


def test_a_violated_constraint_stores_nothing_and_is_reported(client: Client, new_table: NewTable) -> None:
    table = new_table(PHOTOS)

    with pytest.raises(DatabaseError) as error:
        client.insert(table, [["a", "b"], [[1.0] * 512, [1.0]]], column_names=["id", "v"], column_oriented=True)

    assert error.value.code == 469
    assert ids(client, table) == set()


def test_truncated_data_is_reported(address: CatalogueAddress, client: Client, new_table: NewTable) -> None:
    table = new_table("id String")
    whole = address.post("SELECT 'abcdefgh' AS id FORMAT Native").content

    answer = address.post(whole[:-3], params={"query": f"INSERT INTO {table} (id) FORMAT Native"})

    assert not answer.ok
    assert ids(client, table) == set()


def test_a_setting_applies_to_its_own_statement_only(client: Client) -> None:
    read = "SELECT value FROM system.settings WHERE name = 'max_block_size'"

    assert client.query(read, settings={"max_block_size": 1234}).first_row == ("1234",)
    assert client.query(read).first_row != ("1234",)


def test_an_unknown_setting_is_error_115(address: CatalogueAddress) -> None:
    answer = address.post("SELECT 1", params={"no_such_setting": "1"})

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (404, "115")


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELECT * FROM no_such_table", 404, 60),
        ("SELEC 1", 400, 62),
        ("SELECT 1 +", 400, 62),
        ("SELECT 1; SELECT 2", 400, 62),
    ],
)
def test_errors_have_clickhouses_code_and_status(address: CatalogueAddress, sql: str, status: int, code: int) -> None:
    answer = address.post(sql)

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (status, str(code))
    assert f"Code: {code}. DB::Exception" in answer.text


def test_a_wrong_password_is_error_516(address: CatalogueAddress) -> None:
    wrong = requests.post(address.http, data="SELECT 1", auth=("default", "wrong"), timeout=5)
    stranger = requests.post(address.http, data="SELECT 1", auth=("admin", address.password), timeout=5)
    nothing = requests.post(address.http, data="SELECT 1", timeout=5)
    in_url = requests.post(address.http, data="SELECT 1", params={"password": address.password}, timeout=5)

    assert [answer.status_code for answer in (wrong, stranger, nothing, in_url)] == [403, 403, 401, 401]
    assert {answer.headers["X-ClickHouse-Exception-Code"] for answer in (wrong, stranger, nothing)} == {"516"}
    assert address.password not in wrong.text + nothing.text
    with pytest.raises(DatabaseError, match="516"):
        address.client(password="wrong")


def test_clickhouses_own_password_headers(address: CatalogueAddress) -> None:
    headers = {"X-ClickHouse-User": "default", "X-ClickHouse-Key": address.password}

    assert requests.post(address.http, data="SELECT 1", headers=headers, timeout=5).text == "1\n"


def test_headers_of_an_answer(address: CatalogueAddress) -> None:
    query_id = str(uuid.uuid4())
    answer = address.post("SELECT 1", params={"query_id": query_id, "default_format": "JSONEachRow"})

    assert answer.json() == {"1": 1}
    assert answer.headers["X-ClickHouse-Query-Id"] == query_id
    assert answer.headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert answer.headers["X-ClickHouse-Timezone"]
    assert '"result_rows": "1"' in answer.headers["X-ClickHouse-Summary"]
    assert address.post("SELECT 1 FORMAT CSV").headers["X-ClickHouse-Format"] == "CSV"


def test_a_database_is_chosen_per_statement(address: CatalogueAddress, client: Client) -> None:
    client.command("CREATE DATABASE IF NOT EXISTS other")
    client.command("CREATE TABLE IF NOT EXISTS other.only_there (id String) ENGINE = MergeTree ORDER BY id")
    there = address.client(database="other")

    there.insert("only_there", [["x"]], column_names=["id"])

    assert there.command("SELECT currentDatabase()") == "other"
    assert there.command("SELECT count() FROM only_there") == 1
    assert address.post("SELECT 1", params={"database": "nowhere"}).headers["X-ClickHouse-Exception-Code"] == "81"


def test_get_reads_but_does_not_write(address: CatalogueAddress) -> None:
    auth = ("default", address.password)
    read = requests.get(address.http, params={"query": "SELECT 7"}, auth=auth, timeout=5)
    write = requests.get(address.http, params={"query": "CREATE TABLE w (a Int8) ENGINE = Log"}, auth=auth, timeout=5)

    assert read.text == "7\n"
    assert write.headers["X-ClickHouse-Exception-Code"] == "164"


def test_external_tables_are_refused_clearly(address: CatalogueAddress) -> None:
    answer = address.post(b"", params={"query": "SELECT * FROM ext"}, files={"ext": ("ext", "1\n")})

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (501, "48")


def test_eight_threads_insert_and_query_at_once(client: Client, new_table: NewTable) -> None:
    table = new_table(PHOTOS)
    stored = vectors(50)

    def work(worker: int) -> None:
        for turn in range(4):
            own = names(50, f"w{worker}-{turn}-")
            client.insert(table, [own, stored], column_names=["id", "v"], column_oriented=True)
            found = client.query(
                f"SELECT id FROM {table} ORDER BY cosineDistance(v, {{q:Array(Float32)}}), id LIMIT 1",
                parameters={"q": stored[turn].tolist()},
                settings={"max_threads": 1},
            )
            assert {row[0].rsplit("-")[-1] for row in found.result_rows} == {str(turn)}

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    assert ids(client, table) == {f"w{w}-{t}-{n}" for w in range(8) for t in range(4) for n in range(50)}


def test_a_stream_of_rows_larger_than_a_block(client: Client) -> None:
    with client.query_rows_stream("SELECT number FROM numbers(200000)") as stream:
        assert sum(row[0] for row in stream) == 200000 * 199999 // 2


def test_sql_text_has_a_limit_of_its_own(address: CatalogueAddress) -> None:
    answer = address.post("SELECT '" + "x" * (9 << 20) + "'")

    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (413, "131")
