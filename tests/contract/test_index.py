"""An index changes the speed of a search, not its result."""

import numpy as np
import pytest

from shared.catalogue.interface import Row
from shared.domain.filters import parse
from shared.errors import NotFoundError
from tests.contract.conftest import until_built

DIMENSION = 32
COUNT = 1500


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    """Unit vectors in clusters within a cone, as pictures have them."""
    draw = np.random.default_rng(5)
    clusters = draw.normal(size=(20, DIMENSION))[draw.integers(20, size=2 * COUNT)]
    drawn = 1.0 + 0.6 * clusters + 0.3 * draw.normal(size=(2 * COUNT, DIMENSION))
    return (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)


def rows(vectors: np.ndarray, ids, version: int = 1) -> list[Row]:
    return [
        Row(str(n), "http://h/x", vector, bytes(32), {"n": n}, version) for n, vector in zip(ids, vectors, strict=True)
    ]


@pytest.fixture
def indexed(catalogue, collection, vectors):
    """A collection of COUNT photos in several parts, with an index."""
    catalogue.ensure(collection, "m", DIMENSION)
    for start in range(0, COUNT, 500):
        catalogue.write(collection, rows(vectors[start : start + 500], range(start, start + 500)))
    catalogue.build_index(collection)
    until_built(catalogue, collection)
    return collection


def nearest(held: dict[str, np.ndarray], query: np.ndarray, count: int) -> set[str]:
    return set(sorted(held, key=lambda photo_id: -float(held[photo_id] @ query))[:count])


def recall(catalogue, collection: str, held: dict[str, np.ndarray], queries: np.ndarray, count: int = 10) -> float:
    """The share of the true nearest that was found; every hit must be the current version of a photo."""
    right = 0
    for query in queries:
        hits = catalogue.search(collection, query, count)
        assert len({hit.photo.photo_id for hit in hits}) == len(hits) == min(count, len(held))
        for hit in hits:
            assert np.allclose(hit.embedding, held[hit.photo.photo_id])
            assert hit.distance == pytest.approx(1 - float(hit.embedding @ query), abs=1e-4)
        assert [hit.distance for hit in hits] == sorted(hit.distance for hit in hits)
        right += len({hit.photo.photo_id for hit in hits} & nearest(held, query, count))
    return right / (len(queries) * min(count, len(held)))


def queries(vectors: np.ndarray) -> np.ndarray:
    """Ten queries among the photos, as images are, and ten far from them, as texts are."""
    draw = np.random.default_rng(6)
    off = 0.2 * vectors[:10] + draw.normal(size=(10, DIMENSION)) / 6
    off /= np.linalg.norm(off, axis=1, keepdims=True)
    return np.concatenate([vectors[COUNT : COUNT + 10], off.astype(np.float32)])


def test_a_built_index_finds_what_a_scan_finds(catalogue, indexed, vectors):
    assert catalogue.index(indexed).status == "built"
    held = {str(n): vectors[n] for n in range(COUNT)}
    assert recall(catalogue, indexed, held, queries(vectors)) >= 0.99


def test_without_an_index_the_status_is_none_and_dropping_is_no_error(catalogue, collection, vectors):
    assert catalogue.index(collection).status == "none"
    for call in (catalogue.build_index, catalogue.drop_index):
        with pytest.raises(NotFoundError):
            call(collection)
    catalogue.ensure(collection, "m", DIMENSION)
    catalogue.drop_index(collection)
    index = catalogue.index(collection)
    assert (index.type, index.status, index.reason, index.rows) == (None, "none", None, 0)


def test_building_twice_is_no_error_and_covers_later_rows(catalogue, indexed, vectors):
    catalogue.write(indexed, rows(vectors[COUNT : COUNT + 500], range(COUNT, COUNT + 500)))
    catalogue.build_index(indexed)
    until_built(catalogue, indexed)
    held = {str(n): vectors[n] for n in range(COUNT + 500)}
    assert recall(catalogue, indexed, held, queries(vectors)) >= 0.99


def test_after_dropping_the_index_everything_is_still_found(catalogue, indexed, vectors):
    catalogue.drop_index(indexed)
    assert catalogue.index(indexed).status == "none"
    held = {str(n): vectors[n] for n in range(COUNT)}
    assert recall(catalogue, indexed, held, queries(vectors)) == 1.0


def test_photos_written_after_the_build_are_found_at_once(catalogue, indexed, vectors):
    for n in range(COUNT, COUNT + 10):
        catalogue.write(indexed, rows(vectors[n : n + 1], [n]))
        assert catalogue.search(indexed, vectors[n], 1)[0].photo.photo_id == str(n)


def test_replaced_photos_never_appear_as_they_were(catalogue, indexed, vectors):
    replaced = range(0, COUNT, 3)
    held = {str(n): vectors[n + COUNT] if n in replaced else vectors[n] for n in range(COUNT)}
    catalogue.write(indexed, rows(vectors[[n + COUNT for n in replaced]], replaced, version=2))
    found = recall(catalogue, indexed, held, np.concatenate([queries(vectors), vectors[list(replaced)[:8]]]))
    assert found >= 0.99
    catalogue.build_index(indexed)
    until_built(catalogue, indexed)
    assert recall(catalogue, indexed, held, queries(vectors)) >= 0.99


def test_photos_with_a_new_distant_vector_make_room_for_the_next_nearest(catalogue, indexed, vectors):
    query = vectors[0]
    held = {str(n): vectors[n] for n in range(COUNT)}
    moved = sorted(nearest(held, query, 60))
    catalogue.write(indexed, [Row(photo_id, "http://h/x", -query, bytes(32), {}, 2) for photo_id in moved])
    held |= dict.fromkeys(moved, -query)
    for exact in (False, True):
        hits = catalogue.search(indexed, query, 10, exact=exact)
        assert len({hit.photo.photo_id for hit in hits} & nearest(held, query, 10)) >= 9


@pytest.mark.parametrize("share", [2, 10], ids=["half", "nine tenths"])
def test_deleted_photos_never_appear_and_never_displace_others(catalogue, indexed, vectors, share):
    gone = [n for n in range(COUNT) if n % share]
    catalogue.delete(indexed, {str(n): 2 for n in gone})
    held = {str(n): vectors[n] for n in range(COUNT) if n not in set(gone)}
    assert recall(catalogue, indexed, held, np.concatenate([queries(vectors), vectors[gone[:8]]])) >= 0.99
    catalogue.build_index(indexed)
    until_built(catalogue, indexed)
    away = np.eye(DIMENSION, dtype=np.float32)
    everywhere = np.concatenate([queries(vectors), vectors[gone[:8]], away[:3], -away[:3]])
    assert recall(catalogue, indexed, held, everywhere) >= 0.99


def test_all_of_the_few_photos_left_are_found(catalogue, indexed, vectors):
    catalogue.delete(indexed, {str(n): 2 for n in range(COUNT - 7)})
    held = {str(n): vectors[n] for n in range(COUNT - 7, COUNT)}
    assert recall(catalogue, indexed, held, queries(vectors)) == 1.0


def test_photos_written_again_displace_no_others(catalogue, indexed, vectors):
    for _ in range(3):
        catalogue.write(indexed, rows(vectors[:COUNT], range(COUNT)))
    catalogue.build_index(indexed)
    until_built(catalogue, indexed)
    held = {str(n): vectors[n] for n in range(COUNT)}
    assert recall(catalogue, indexed, held, queries(vectors)) >= 0.99


@pytest.mark.parametrize("count", [1, 10, 100, 1000, COUNT + 1])
def test_a_search_returns_the_requested_number_of_hits(catalogue, indexed, vectors, count):
    held = {str(n): vectors[n] for n in range(COUNT)}
    assert recall(catalogue, indexed, held, queries(vectors)[::5], count) >= 0.99


@pytest.mark.parametrize(
    "asked",
    [{"n": {"lt": 15}}, {"n": {"lt": 300}}, {"not": {"n": {"lt": 15}}}, {"n": 7}],
    ids=["1 %", "20 %", "99 %", "one"],
)
def test_a_filtered_search_finds_all_matching_hits_up_to_top_k(catalogue, indexed, vectors, asked):
    condition = parse(asked)
    low, high = {"{'n': {'lt': 15}}": (0, 15), "{'n': {'lt': 300}}": (0, 300), "{'n': 7}": (7, 8)}.get(
        str(asked), (15, COUNT)
    )
    held = {str(n): vectors[n] for n in range(low, high)}
    for query in queries(vectors):
        found = {hit.photo.photo_id for hit in catalogue.search(indexed, query, 10, condition)}
        assert len(found & nearest(held, query, 10)) >= len(found) - 1
        assert len(found) == min(10, len(held))


def test_a_filter_applies_to_the_current_attributes(catalogue, indexed, vectors):
    changed = [Row(str(n), "http://h/x", vectors[n], bytes(32), {"n": n + 10_000}, 2) for n in range(15)]
    catalogue.write(indexed, changed)
    assert catalogue.search(indexed, vectors[3], 10, parse({"n": {"lt": 15}})) == []
    assert len(catalogue.search(indexed, vectors[3], 10, parse({"n": {"gte": 10_000}}))) == 10


def test_an_exact_search_bypasses_the_index(catalogue, indexed, vectors):
    held = {str(n): vectors[n] for n in range(COUNT)}
    for query in queries(vectors):
        assert {hit.photo.photo_id for hit in catalogue.search(indexed, query, 10, exact=True)} == nearest(
            held, query, 10
        )


def test_equal_distances_lose_no_hit(catalogue, indexed, vectors):
    twins = np.repeat(vectors[:1], 50, axis=0)
    catalogue.write(indexed, rows(twins, range(9000, 9050)))
    hits = catalogue.search(indexed, vectors[0], 20)
    assert len({hit.photo.photo_id for hit in hits}) == 20
    assert all(hit.distance == pytest.approx(0, abs=1e-4) for hit in hits)


def test_writes_continue_while_an_index_is_built(catalogue, collection, vectors):
    catalogue.ensure(collection, "m", DIMENSION)
    catalogue.write(collection, rows(vectors[:COUNT], range(COUNT)))
    catalogue.build_index(collection)
    written = 0
    # A server that indexes each insert is building for as long as there are inserts.
    while written < 5 or (catalogue.index(collection).status == "building" and written < 20):
        catalogue.write(collection, rows(vectors[COUNT + written : COUNT + written + 1], [COUNT + written]))
        written += 1
    until_built(catalogue, collection)
    held = {str(n): vectors[n] for n in range(COUNT + written)}
    assert recall(catalogue, collection, held, queries(vectors)) >= 0.99
