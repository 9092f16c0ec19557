"""Capacity of a search worker: what a claim may take, and when to claim again."""

from worker.search.slots import Slots


def test_a_claim_takes_a_batch_at_most_and_no_more_than_is_free():
    slots = Slots(total=5, batch=3)
    assert slots.reserve() == 3
    slots.confirm(3, used=3, more_wait=False)
    assert slots.reserve() == 2
    slots.confirm(2, used=2, more_wait=False)
    assert slots.reserve() == 0


def test_slots_that_a_claim_does_not_use_are_free_again():
    slots = Slots(total=2, batch=2)
    slots.confirm(slots.reserve(), used=0, more_wait=False)
    assert slots.reserve() == 2


def test_a_missed_bell_is_answered_once_a_batch_is_free():
    slots = Slots(total=4, batch=2)
    for _ in range(2):
        slots.confirm(slots.reserve(), used=2, more_wait=False)
    assert slots.reserve() == 0, "a bell that finds no free slot"
    assert [slots.release(), slots.release()] == [False, True]


def test_without_a_missed_bell_nothing_is_claimed_again():
    slots = Slots(total=2, batch=1)
    slots.confirm(slots.reserve(), used=1, more_wait=False)
    assert not slots.release()


def test_a_bell_during_a_claim_is_not_lost():
    slots = Slots(total=1, batch=1)
    reserved = slots.reserve()
    assert slots.reserve() == 0, "the second bell"
    slots.confirm(reserved, used=1, more_wait=False)
    assert slots.release()


def test_searches_that_a_claim_leaves_waiting_count_as_a_missed_bell():
    slots = Slots(total=1, batch=1)
    slots.confirm(slots.reserve(), used=1, more_wait=True)
    assert slots.release()


def test_a_resumed_search_exceeds_the_slots_and_delays_the_next_claim():
    slots = Slots(total=1, batch=1)
    slots.confirm(slots.reserve(), used=1, more_wait=True)
    slots.occupy()
    assert [slots.release(), slots.release()] == [False, True]


def test_a_closed_worker_reserves_nothing():
    slots = Slots(total=1, batch=1)
    slots.confirm(slots.reserve(), used=1, more_wait=True)
    slots.close()
    assert not slots.release()
    assert slots.reserve() == 0
