"""Items: their checks and how they are packed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.items import Failure, Item, pack_items, photo_id_problem, unpack_items
from shared.ledger.ingest import pack_failures, unpack_failures

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
items = st.builds(
    Item,
    id=st.text(min_size=1, max_size=20),
    url=st.text(min_size=1, max_size=40),
    attributes=st.dictionaries(st.text(max_size=8), values, max_size=4),
)


@given(st.lists(items, min_size=1, max_size=8))
def test_items_come_back_as_they_were_packed(packed):
    assert unpack_items(pack_items(packed)) == packed


@given(st.lists(items, min_size=1, max_size=4))
def test_failures_come_back_as_they_were_packed(failed):
    failures = [Failure(item, "http_404", "gone ü", 2, host) for item, host in zip(failed, ["", "b"] * 2, strict=False)]
    assert unpack_failures(pack_failures(failures)) == failures


@pytest.mark.parametrize("photo_id", ["a", "ü/ö", "a b", "x" * 256, "RANDOM", "random/1", "a//b", "🐕"])
def test_good_ids(photo_id):
    assert photo_id_problem(photo_id) is None


@pytest.mark.parametrize(
    "photo_id", ["", "/a", "random", ".", "..", "x" * 257, "ü" * 129, "a\nb", "a\x00", "\x7f", "\x85", "\ud800"]
)
def test_bad_ids(photo_id):
    assert photo_id_problem(photo_id)
