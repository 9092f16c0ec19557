"""An operator's connection to the stand-in: the statements that the tests of its rules repeat."""

import time
from collections.abc import Callable

import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

BRUTE = {"enable_brute_force_vector_search": 1}
SEARCH = "SELECT id, distance(v, [1.0, 0.0]) AS dist FROM {t} ORDER BY dist ASC LIMIT 10"
COLUMNS = "id String, v Array(Float32), place String, version UInt64"
LENGTH = "CONSTRAINT len CHECK length(v) = 2"
COSINE = "float_vector_search_metric_type = 'Cosine'"


def insert(client: Client, table: str, values: str) -> None:
    client.command(f"INSERT INTO {table} (id, v, place, version) VALUES {values}")


def ids(client: Client, sql: str, settings: dict | None = None, **parameters: object) -> list[str]:
    return [row[0] for row in client.query(sql, parameters=parameters, settings=settings or {}).result_rows]


def refused(code: int, run: Callable[[], object], match: str | None = None) -> None:
    """Assert that the server rejects a statement with this code."""
    with pytest.raises(DatabaseError, match=match) as failure:
        run()
    assert failure.value.code == code


def status(client: Client, table: str) -> str:
    """The status of the table's vector index."""
    return str(client.command(f"SELECT status FROM system.vector_indices WHERE table = '{table}'"))


def wait_until_built(client: Client, table: str) -> None:
    deadline = time.monotonic() + 20
    while status(client, table) != "Built":
        assert time.monotonic() < deadline
        time.sleep(0.02)
