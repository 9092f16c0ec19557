"""ClickHouse leaves an index aside without a word if a query has more than it likes: so its plans are read here."""

from collections.abc import Callable

import numpy as np
import pytest

from shared.catalogue.interface import Row
from shared.catalogue.session import Session
from shared.filters import parse
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
def plans(monkeypatch) -> Callable[..., list[str]]:
    """The plans of all queries that a call makes."""
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
def test_a_search_takes_its_candidates_from_the_index_and_looks_them_up_without(catalogue, indexed, plans, top_k):
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
