"""Scans that share a pass: each gets its own answer, and what changes meanwhile is not answered from before."""

import threading

import numpy as np
import pytest

from shared.catalogue import scan_batching as shared_scans
from shared.catalogue.interface import Row
from shared.catalogue.nearest import scan
from shared.catalogue.scan_batching import SharedScans
from shared.catalogue.vector_search import Nearest


@pytest.fixture
def session(catalogue):
    return catalogue._session


@pytest.fixture
def photos(catalogue, collection):
    chooser = np.random.default_rng(3)
    vectors = chooser.standard_normal((300, 16)).astype(np.float32)
    catalogue.ensure(collection, "m", 16)
    catalogue.write(
        collection, [Row(f"p{n}", f"http://h/{n}", vector, b"", {"n": n}, 1) for n, vector in enumerate(vectors)]
    )
    return vectors


def wanted(count: int) -> list[Nearest]:
    chooser = np.random.default_rng(4)
    return [Nearest(chooser.standard_normal(16).astype(np.float32), 3 + n % 5, None, False) for n in range(count)]


def asked_at_once(scans, session, collection, asked):
    """What each got; all but the first few wait for the passes before theirs."""
    found = [None] * len(asked)
    errors = []

    def ask(n: int) -> None:
        try:
            found[n] = scans.rows(session, collection, asked[n])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found, errors


def alone_scan(session, collection, one):
    return scan(session, collection, "1", one)


def ids(rows):
    return [row[0] for row in rows]


def test_each_scan_gets_what_it_would_get_alone(session, collection, photos):
    alone = []

    def counted(*scan):
        alone.append(scan)
        return alone_scan(*scan)

    asked = wanted(60)
    found, errors = asked_at_once(SharedScans(counted), session, collection, asked)
    assert errors == []
    assert len(alone) < len(asked), "some shared a pass"
    for one, rows in zip(asked, found, strict=True):
        expected = alone_scan(session, collection, one)
        assert ids(rows) == ids(expected)
        assert [row[4] for row in rows] == pytest.approx([row[4] for row in expected], abs=1e-5)
        assert [list(row[1:3]) for row in rows] == [list(row[1:3]) for row in expected]


def test_a_photo_that_is_replaced_or_deleted_between_scan_and_look_up_is_not_shown_as_it_was(
    session, collection, photos, catalogue, monkeypatch
):
    asked = wanted(4)
    first = alone_scan(session, collection, asked[0])[0][0]
    look_up = shared_scans._photos

    def changed(*scan):
        catalogue.write(collection, [Row(first, "http://h/new", -asked[0].vector, b"", {}, 2)])
        catalogue.delete(collection, {alone_scan(session, collection, asked[1])[0][0]: 2})
        return look_up(*scan)

    monkeypatch.setattr(shared_scans, "_photos", changed)
    found = SharedScans(alone_scan)._pass(session, collection, asked)
    for one, rows in zip(asked, found, strict=True):
        # The patch is over: what is there now is what a scan finds.
        assert ids(rows) == ids(alone_scan(session, collection, one))


def test_a_collection_that_is_not_there_has_no_hits(session):
    found, errors = asked_at_once(SharedScans(alone_scan), session, "nowhere", wanted(20))
    assert (errors, {len(rows) for rows in found}) == ([], {0})


def test_a_scan_that_fails_does_not_harm_those_that_share_its_pass(session, collection, photos):
    good = wanted(20)
    bad = Nearest(np.ones(7, np.float32), 3, None, False)
    asked = [one for pair in zip(good, [bad] * 20, strict=True) for one in pair]
    found, errors = asked_at_once(SharedScans(alone_scan), session, collection, asked)
    assert len(errors) == 20
    assert [len(rows) for rows in found[::2]] == [one.top_k for one in good]
