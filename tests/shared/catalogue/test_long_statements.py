"""Statements that hold more ids than the engine accepts by default: 256 KiB of text."""

import numpy as np
import pytest

from shared.catalogue.dialect import VectorQuery
from shared.catalogue.interface import Row
from shared.catalogue.scan_batching import MAX_TOP_K, run_pass
from shared.catalogue.table import Table
from shared.catalogue.vector_search import rank
from shared.catalogue.vector_sql import VectorSql

COUNT, DIMENSION = 3000, 8


@pytest.fixture
def table(catalogue, collection) -> Table:
    """Photos whose ids are URLs of 200 bytes."""
    drawn = np.random.default_rng(7).standard_normal((COUNT, DIMENSION))
    vectors = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    catalogue.ensure(collection, "m", DIMENSION)
    catalogue.write(collection, [Row(long_id(n), "", vector, b"", {}, 1) for n, vector in enumerate(vectors)])
    return Table(catalogue._session, collection, vectors=VectorSql(binary=True))


def long_id(number: int) -> str:
    return f"https://images.example.org/{number:04d}/{'a' * 168}"


def query(number: int, top_k: int) -> VectorQuery:
    vector = np.zeros(DIMENSION, np.float32)
    vector[number % DIMENSION] = 1 if number < DIMENSION else -1
    return VectorQuery(vector, top_k)


def test_many_candidates_with_long_ids_are_ranked(table):
    found = rank(table, query(0, 10), [(long_id(n), 1) for n in range(COUNT)])
    assert len(found) == 10


def test_a_shared_pass_looks_many_long_ids_up(table):
    results = run_pass(table, [query(number, MAX_TOP_K) for number in range(2 * DIMENSION)])
    assert [len(rows) for rows in results] == [MAX_TOP_K] * 16
