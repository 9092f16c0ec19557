"""Fusion of terms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ItemError
from worker.search.fusion import fuse


def random_units(seed: int, count: int) -> list[np.ndarray]:
    vectors = np.random.default_rng(seed).normal(size=(count, 16)).astype(np.float32)
    return list(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))


@given(seed=st.integers(0, 1000))
def test_two_terms_of_equal_weight_give_the_normalised_mean(seed):
    a, b = random_units(seed, 2)
    mean = (a + b) / 2
    assert np.allclose(fuse([a, b], [1, 1]), mean / np.linalg.norm(mean), atol=1e-6)


@given(seed=st.integers(0, 1000), weights=st.lists(st.floats(-5, 5), min_size=1, max_size=16))
def test_a_query_vector_is_always_a_unit_vector(seed, weights):
    vectors = random_units(seed, len(weights))
    try:
        fused = fuse(vectors, weights)
    except ItemError as error:
        assert error.code == "terms_cancel_out"
    else:
        assert np.linalg.norm(fused) == pytest.approx(1, abs=1e-5)
        assert fused.dtype == np.float32


def test_a_negative_weight_moves_the_query_away_from_a_term():
    a, b = random_units(1, 2)
    assert fuse([a, b], [1, -0.5]) @ b < fuse([a], [1]) @ b


def test_terms_that_cancel_out_are_an_error():
    (a,) = random_units(1, 1)
    with pytest.raises(ItemError) as failure:
        fuse([a, a], [1, -1])
    assert failure.value.code == "terms_cancel_out"
