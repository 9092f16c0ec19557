"""Texts of like lengths go through the model together."""

from hypothesis import given
from hypothesis import strategies as st

from worker.model.tokenization import group_by_length


def test_one_long_text_among_short_ones_goes_alone():
    lengths = [8, 77, 9, 8] * 2
    assert group_by_length(lengths, pass_tokens=100) == [[0, 3, 4, 7, 2, 6], [1, 5]]


def test_texts_of_nearly_the_same_length_go_together():
    assert group_by_length([8, 9, 12, 10], pass_tokens=100) == [[0, 1, 3, 2]]


@given(lengths=st.lists(st.integers(1, 77), min_size=1, max_size=64), pass_tokens=st.integers(0, 500))
def test_each_text_is_in_one_group_and_no_step_pads_more_than_it_saves(lengths, pass_tokens):
    groups = group_by_length(lengths, pass_tokens)
    assert sorted(index for group in groups for index in group) == list(range(len(lengths)))
    for group in groups:
        ordered = [lengths[index] for index in group]
        assert ordered == sorted(ordered)
        for place in range(1, len(ordered)):
            assert place * (ordered[place] - ordered[place - 1]) <= pass_tokens
