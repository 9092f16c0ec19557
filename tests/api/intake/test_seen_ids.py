"""Duplicate ids are found exactly, also when hashes collide."""

from hypothesis import given
from hypothesis import strategies as st

from api.intake import seen_ids as duplicates
from api.intake.seen_ids import SeenIds


@given(st.lists(st.text(max_size=4), max_size=300))
def test_it_agrees_with_a_set(ids):
    seen = SeenIds(ids.__getitem__)
    first: dict[str, int] = {}
    for position, photo_id in enumerate(ids):
        assert seen.add(photo_id, position) == first.get(photo_id)
        first.setdefault(photo_id, position)


def test_equal_hashes_of_different_ids_are_told_apart(monkeypatch):
    monkeypatch.setattr(duplicates, "hash", lambda _: 42, raising=False)
    ids = ["a", "b", "c", "b"]
    seen = SeenIds(ids.__getitem__)
    assert [seen.add(photo_id, n) for n, photo_id in enumerate(ids)] == [None, None, None, 1]


def test_it_grows():
    ids = [str(n) for n in range(20_000)]
    seen = SeenIds(ids.__getitem__)
    assert all(seen.add(photo_id, n) is None for n, photo_id in enumerate(ids))
    assert seen.add("777", 20_000) == 777


def test_beyond_its_limit_it_remembers_nothing_more():
    ids = ["a", "b", "c"]
    seen = SeenIds(ids.__getitem__, limit=2)
    assert [seen.add(photo_id, n) for n, photo_id in enumerate(ids)] == [None, None, None]
    assert seen.add("c", 3) is None
