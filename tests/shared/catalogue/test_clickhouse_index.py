"""ClickHouse silently skips an index for queries outside a narrow form: these tests read its query plans."""

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import clickhouse_connect
import numpy as np
import pytest
from clickhouse_connect.driver.client import Client

from shared.catalogue.interface import Row
from shared.catalogue.session import Session
from shared.domain.filters import parse
from tests.contract.conftest import until_built

DIMENSION, COUNT = 16, 400
QUERY = np.ones(DIMENSION, np.float32)


@pytest.fixture
def indexed(catalogue, collection):
    vectors = np.random.default_rng(3).normal(size=(COUNT, DIMENSION)).astype(np.float32)
    catalogue.ensure(collection, "m", DIMENSION)
    catalogue.write(
        collection, [Row(str(n), "http://h/x", vector, bytes(32), {"n": n}, 1) for n, vector in enumerate(vectors)]
    )
    catalogue.build_index(collection)
    until_built(catalogue, collection)
    return collection


@pytest.fixture
def client(settings) -> Client:
    """An operator's connection."""
    url = urlsplit(settings.catalogue_url.get_secret_value())
    return clickhouse_connect.get_client(
        host=url.hostname, port=url.port, username=url.username, password=url.password, database=url.path.strip("/")
    )


@pytest.fixture
def plans(monkeypatch) -> Callable[..., list[str]]:
    """The plans of all queries of a call."""
    rows = Session.rows

    def of(call: Callable[..., object], *arguments: object, **options: object) -> list[str]:
        seen: list[str] = []

        def explained(session: Session, sql: str, *given: dict) -> object:
            seen.append("\n".join(line for (line,) in rows(session, f"EXPLAIN indexes = 1 {sql}", *given)))
            return rows(session, sql, *given)

        with monkeypatch.context() as patched:
            patched.setattr(Session, "rows", explained)
            call(*arguments, **options)
        return [plan for plan in seen if "data_skipping_indices" not in plan and "ReadFromSystem" not in plan]

    return of


def uses_index(plan: str) -> bool:
    return "vector_similarity" in plan


@pytest.mark.parametrize("top_k", [1, 10, 1000])
def test_a_search_reads_candidates_from_the_index_and_looks_them_up_without_it(catalogue, indexed, plans, top_k):
    first, *others = plans(catalogue.search, indexed, QUERY, top_k)
    assert uses_index(first)
    assert "FINAL" not in first
    assert others
    assert not any(map(uses_index, [plan for plan in others if "FINAL" in plan]))


def test_a_filter_is_applied_after_the_index_and_before_a_scan(catalogue, indexed, plans):
    seen = plans(catalogue.search, indexed, QUERY, 10, parse({"n": {"lt": 12}}))
    assert uses_index(seen[0])
    assert "attributes" not in seen[0]
    assert not uses_index(seen[-1])


def test_an_exact_search_uses_no_index(catalogue, indexed, plans):
    seen = plans(catalogue.search, indexed, QUERY, 10, exact=True)
    assert seen
    assert not any(map(uses_index, seen))


def test_an_insert_builds_no_index(catalogue, indexed):
    covered = catalogue.index(indexed).rows
    catalogue.write(indexed, [Row("new", "http://h/x", QUERY, bytes(32), {}, 1)])
    assert catalogue.index(indexed).rows == covered


def test_a_failed_build_has_a_reason_and_can_be_dropped_and_started_again(catalogue, indexed, client):
    catalogue.drop_index(indexed)
    kind = f"vector_similarity('hnsw', 'cosineDistance', {DIMENSION + 1}, 'bf16', 32, 128)"
    client.command(f"ALTER TABLE `{indexed}` ADD INDEX vidx photo_embed TYPE {kind}")
    client.command(f"ALTER TABLE `{indexed}` MATERIALIZE INDEX vidx SETTINGS mutations_sync = 0")
    deadline = time.monotonic() + 30
    while (index := catalogue.index(indexed)).status == "building":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert (index.status, index.rows) == ("error", 0)
    assert catalogue.unindexed_parts(indexed) == 1
    assert str(DIMENSION) in (index.reason or "")
    assert len(catalogue.search(indexed, QUERY, 10)) == 10
    catalogue.drop_index(indexed)
    assert catalogue.index(indexed).status == "none"
    catalogue.build_index(indexed)
    until_built(catalogue, indexed)
    assert catalogue.index(indexed).rows == COUNT
    assert catalogue.unindexed_parts(indexed) == 0
