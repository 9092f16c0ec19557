"""Scans that share a pass: each caller gets its own result, and changes during the pass are seen."""

import threading

import numpy as np
import pytest

from shared.catalogue import scan_batching
from shared.catalogue.dialect import VectorQuery
from shared.catalogue.interface import Row
from shared.catalogue.scan_batching import SharedScans, run_pass
from shared.catalogue.table import Table
from shared.catalogue.vector_search import exact_scan
from shared.catalogue.vector_sql import VectorSql

DIMENSION = 16


def units(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def table(catalogue, collection) -> Table:
    """A collection of 300 photos."""
    vectors = units(np.random.default_rng(3).standard_normal((300, DIMENSION)))
    catalogue.ensure(collection, "m", DIMENSION)
    catalogue.write(
        collection, [Row(f"p{n}", f"http://h/{n}", vector, b"", {"n": n}, 1) for n, vector in enumerate(vectors)]
    )
    return Table(catalogue._session, collection, vectors=VectorSql(binary=True))


def queries(count: int) -> list[VectorQuery]:
    draw = np.random.default_rng(4)
    return [VectorQuery(vector, 3 + n % 5) for n, vector in enumerate(units(draw.standard_normal((count, DIMENSION))))]


def at_once(scans: SharedScans, table: Table, asked: list[VectorQuery]):
    """The result of each query, one thread each, and the errors. All but the first few wait for a pass to end."""
    found = [None] * len(asked)
    errors = []

    def ask(n: int) -> None:
        try:
            found[n] = scans.rows(table, asked[n])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found, errors


def ids(rows):
    return [row[0] for row in rows]


def test_each_scan_gets_the_result_that_it_would_get_alone(table, monkeypatch):
    alone = []

    def counted(*scan):
        alone.append(scan)
        return exact_scan(*scan)

    asked = queries(60)
    with monkeypatch.context() as patched:
        patched.setattr(scan_batching, "exact_scan", counted)
        found, errors = at_once(SharedScans(), table, asked)
    assert errors == []
    assert len(alone) < len(asked), "no scan shared a pass"
    for query, rows in zip(asked, found, strict=True):
        expected = exact_scan(table, query)
        assert ids(rows) == ids(expected)
        assert [row[4] for row in rows] == pytest.approx([row[4] for row in expected], abs=1e-5)
        assert [list(row[1:3]) for row in rows] == [list(row[1:3]) for row in expected]


def test_a_photo_replaced_or_deleted_between_scan_and_lookup_is_not_returned_as_it_was(table, catalogue, monkeypatch):
    asked = queries(4)
    replaced, deleted = (exact_scan(table, query)[0][0] for query in asked[:2])
    lookup = scan_batching._photos

    def change_then_look_up(*scan):
        catalogue.write(table.name, [Row(replaced, "http://h/new", -asked[0].vector, b"", {}, 2)])
        catalogue.delete(table.name, {deleted: 2})
        return lookup(*scan)

    monkeypatch.setattr(scan_batching, "_photos", change_then_look_up)
    found = run_pass(table, asked)
    for query, rows in zip(asked, found, strict=True):
        assert ids(rows) == ids(exact_scan(table, query))


def test_a_collection_that_does_not_exist_has_no_hits(catalogue):
    found, errors = at_once(SharedScans(), Table(catalogue._session, "nowhere"), queries(20))
    assert (errors, {len(rows) for rows in found}) == ([], {0})


def test_a_scan_that_fails_does_not_fail_the_scans_that_share_its_pass(table):
    good = queries(20)
    bad = VectorQuery(np.ones(7, np.float32), 3)
    asked = [query for pair in zip(good, [bad] * 20, strict=True) for query in pair]
    found, errors = at_once(SharedScans(), table, asked)
    assert len(errors) == 20
    assert [len(rows) for rows in found[::2]] == [query.top_k for query in good]
