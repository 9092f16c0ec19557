"""The bounds of a page of hits: how many rows are fetched, and that no cut separates equal distances."""

from collections.abc import Sequence

import numpy as np
import pytest

from shared.catalogue.interface import Hit, Photo
from shared.domain.queries import MAX_WINDOW, Query, Term
from worker.search import paging
from worker.search.paging import MOST_GROUPED_ROWS, page


class Rows:
    """The catalogue: rows by id with distance and vector, found in reverse order of ids where distances are equal."""

    def __init__(self, distances: dict[str, float], vectors: dict[str, tuple[float, float]] | None = None) -> None:
        vector = np.array([1.0, 0.0], np.float32)
        self._hits = [
            Hit(Photo(name, "", {}), distance, np.array(vectors[name], np.float32) if vectors else vector)
            for name, distance in distances.items()
        ]
        self._hits.sort(key=lambda hit: hit.photo.photo_id, reverse=True)
        self._hits.sort(key=lambda hit: hit.distance)
        self.limits: list[int] = []

    def find(self, limit: int) -> Sequence[Hit]:
        self.limits.append(limit)
        return self._hits[:limit]


def query(**options) -> Query:
    return Query((Term("text", "x"),), options.pop("top_k", 5), "photos", **options)


def ids(groups) -> list[str]:
    return [group.best.photo.photo_id for group in groups]


def names(count: int) -> list[str]:
    return [f"p{number:05}" for number in range(count)]


def test_one_row_more_than_the_page_is_fetched_and_no_second_time_without_a_tie():
    rows = Rows({name: n / 100 for n, name in enumerate(names(20))})
    assert ids(page(rows.find, query(top_k=3, offset=2))) == ["p00002", "p00003", "p00004"]
    assert rows.limits == [6]


def test_fewer_rows_than_asked_for_end_the_search():
    rows = Rows({name: n / 100 for n, name in enumerate(names(5))})
    assert ids(page(rows.find, query(top_k=5))) == names(5)
    assert ids(page(rows.find, query(top_k=5, offset=5))) == []
    assert rows.limits == [6, 11]


@pytest.mark.parametrize("offset", range(0, 12, 3))
def test_a_tie_at_the_end_of_a_page_is_fetched_completely(offset):
    rows = Rows(dict.fromkeys(names(3), 0.1) | dict.fromkeys(names(11)[3:], 0.2) | {"z": 0.3})
    assert ids(page(rows.find, query(top_k=3, offset=offset))) == [*names(11), "z"][offset : offset + 3]


def test_the_number_of_equally_distant_rows_is_limited():
    rows = Rows(dict.fromkeys(names(12_000), 0.5))
    assert len(page(rows.find, query(top_k=5))) == 5
    assert max(rows.limits) == paging._MOST_TIED_ROWS
    assert rows.limits.count(paging._MOST_TIED_ROWS) == 1


def test_the_last_page_of_the_largest_window():
    rows = Rows({name: n / 20_000 for n, name in enumerate(names(MAX_WINDOW + 10))})
    assert ids(page(rows.find, query(top_k=1, offset=MAX_WINDOW - 1))) == [names(MAX_WINDOW)[-1]]


def test_the_largest_distance_is_included():
    rows = Rows({"a": 0.1, "b": 0.2, "c": 0.2000001, "d": 0.3})
    assert ids(page(rows.find, query(max_distance=0.2))) == ["a", "b"]


def test_grouping_fetches_more_until_there_are_enough_groups():
    """2,000 duplicates of the best photo come before the next one."""
    vectors = dict.fromkeys(names(2000), (1.0, 0.0)) | {"z1": (0.0, 1.0), "z2": (-1.0, 0.0)}
    distances = {name: n / 10_000 for n, name in enumerate(vectors)}
    rows = Rows(distances, vectors)
    groups = page(rows.find, query(top_k=100, group_distance=0.1))
    assert ids(groups) == ["p00000", "z1", "z2"]
    assert len(groups[0].similar) == 1999


def test_grouping_fetches_no_more_rows_than_its_limit():
    rows = Rows({name: n / 10_000 for n, name in enumerate(names(MOST_GROUPED_ROWS + 500))})
    for top_k, most in [(2, 140), (1000, MOST_GROUPED_ROWS)]:
        rows.limits.clear()
        (group,) = page(rows.find, query(top_k=top_k, group_distance=0.1))
        assert group.best.photo.photo_id == "p00000"
        assert max(rows.limits) == most
        assert len(group.similar) == most - 1


def test_distances_that_clients_see_as_equal_are_in_the_order_of_ids():
    rows = Rows({"c": 0.1000001, "b": 0.1000002, "a": 0.1000004, "d": 0.2})
    for offset in range(4):
        assert ids(page(rows.find, query(top_k=1, offset=offset))) == ["abcd"[offset]]
