"""All collections with their sizes and indexes, in a few statements, on every target."""

import numpy as np
import pytest

from shared.catalogue import sql_catalogue
from shared.catalogue.interface import Row
from tests.contract.conftest import until_built


def rows(count: int, version: int = 1) -> list[Row]:
    vectors = np.random.default_rng(1).normal(size=(count, 4)).astype(np.float32)
    return [Row(f"p{n}", "http://h/x", vector, bytes(32), {}, version) for n, vector in enumerate(vectors)]


@pytest.fixture
def many(catalogue, collection) -> list[str]:
    """Ten collections of 0 to 9 photos, with replaced and deleted ones; the sixth has an index."""
    names = [f"{collection}_{n}" for n in range(10)]
    for n, name in enumerate(names):
        catalogue.ensure(name, f"model {n}", 4)
        catalogue.write(name, rows(n + 1))
        catalogue.write(name, rows(n, version=2))
        catalogue.delete(name, {f"p{n}": 3})
    catalogue.build_index(names[5])
    until_built(catalogue, names[5])
    return names


@pytest.fixture
def asked(catalogue, monkeypatch) -> list[str]:
    """The statements that the catalogue sends."""
    sent: list[str] = []
    run = catalogue._session.rows

    def noting(sql: str, *rest: object):
        sent.append(sql)
        return run(sql, *rest)

    monkeypatch.setattr(catalogue._session, "rows", noting)
    return sent


def test_the_number_of_statements_is_the_same_for_any_number_of_collections(catalogue, many, asked):
    found = {state.collection.name: state for state in catalogue.states()}
    assert len(asked) == 3
    for n, name in enumerate(many):
        assert (found[name].collection.model, found[name].photos) == (f"model {n}", n)
        assert found[name].index == catalogue.index(name)
    assert [name for name in many if found[name].index.status != "none"] == [many[5]]


def test_very_many_are_counted_in_groups(catalogue, many, asked, monkeypatch):
    monkeypatch.setattr(sql_catalogue, "_COUNTED_TOGETHER", 4)
    found = {state.collection.name: state.photos for state in catalogue.states()}
    assert [found[name] for name in many] == list(range(10))
    assert len(asked) > 3


def test_a_collection_that_is_dropped_meanwhile_hides_no_other(catalogue, many, statement, monkeypatch):
    listed = catalogue.collections()
    statement(f"DROP TABLE `{many[3]}`")
    monkeypatch.setattr(catalogue, "collections", lambda: listed)
    found = {state.collection.name: state.photos for state in catalogue.states()}
    assert [found[name] for name in many] == [0, 1, 2, 0, 4, 5, 6, 7, 8, 9]
