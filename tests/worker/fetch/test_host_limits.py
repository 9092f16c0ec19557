"""How a host is treated, with time passed in."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ItemError
from worker.fetch.host_limits import HostLimiter, HostPolicy, Outcome

POLICY = HostPolicy(initial_limit=8, max_limit=32)
DOWN = ItemError("connection_failed", "The connection failed.", retryable=True)
BUSY = ItemError("http_429", "The server answered 429.", retryable=True)


def ask(host: HostLimiter, outcome: Outcome, now: float, error: ItemError | None = None, pause: float = 0.0) -> None:
    host.begin(now)
    host.end(outcome, now, now + 0.1, error, pause)


def fill(host: HostLimiter, outcome: Outcome, now: float, error: ItemError | None = None) -> int:
    """One round: as many requests as there is room for, which all end alike."""
    count = 0
    while host.has_room(now):
        host.begin(now)
        count += 1
    for _ in range(count):
        host.end(outcome, now, now + 0.1, error)
    return count


def test_the_limit_of_a_host_without_failures_grows_by_one_per_round_up_to_the_maximum():
    host = HostLimiter(POLICY)
    rounds = [fill(host, Outcome.GOOD, float(n)) for n in range(60)]
    assert rounds[0] == 8
    assert rounds == sorted(rounds)
    assert max(b - a for a, b in itertools.pairwise(rounds)) <= 2
    assert rounds[-1] == 32


def test_a_limit_that_is_never_reached_does_not_grow():
    host = HostLimiter(POLICY)
    for n in range(1000):
        ask(host, Outcome.GOOD, float(n))
    assert host.limit == 8


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.SLOW])
def test_failures_halve_the_limit_of_a_host_once_per_round(outcome):
    host = HostLimiter(POLICY)
    assert fill(host, outcome, 0.0, DOWN) == 8
    assert host.limit == 4
    fill(host, outcome, 100.0, DOWN)
    assert host.limit == 2


def test_retry_after_applies_to_the_whole_host():
    host = HostLimiter(POLICY)
    ask(host, Outcome.BUSY, 0.0, BUSY, pause=20)
    assert not host.has_room(19.9)
    assert host.refusal(10.0) is None
    assert host.has_room(23.0)


def test_items_fail_while_retry_after_exceeds_the_longest_pause():
    host = HostLimiter(POLICY)
    host.begin(0.0)
    ask(host, Outcome.BUSY, 0.0, BUSY, pause=3600)
    host.end(Outcome.GOOD, 0.0, 1.0)
    refusal = host.refusal(100.0)
    assert refusal is not None
    assert refusal.code == "http_429"
    assert host.refusal(4000.0) is None
    assert host.has_room(4000.0)


def test_a_host_that_never_answered_is_given_up_after_ten_failures_and_tried_again_by_one():
    host = HostLimiter(POLICY)
    now = 0.0
    for _ in range(10):
        assert host.refusal(now) is None
        ask(host, Outcome.UNREACHABLE, now, DOWN)
        now = host.resumes_at
    refusal = host.refusal(now - 1)
    assert refusal is not None
    assert refusal.code == "host_unreachable"
    assert "The connection failed." in str(refusal)
    assert host.refusal(now) is None
    assert fill(host, Outcome.UNREACHABLE, now, DOWN) == 1
    assert host.refusal(now + POLICY.retry_interval / 2) is not None
    later = host.resumes_at
    assert fill(host, Outcome.GOOD, later) == 1
    assert host.refusal(later + 0.2) is None
    assert host.has_room(later + 0.2)


def test_an_outage_of_a_host_that_answered_before_is_waited_for():
    host = HostLimiter(POLICY)
    ask(host, Outcome.GOOD, 0.0)
    failed = []
    now = 1.0
    while host.refusal(now) is None:
        ask(host, Outcome.UNREACHABLE, now, DOWN)
        failed.append(now)
        now = max(now + 0.2, host.resumes_at - 0.01 if host.closed_until else host.resumes_at)
    assert len(failed) >= POLICY.max_failures
    assert failed[-1] + 0.2 >= POLICY.grace


def test_errors_of_single_images_do_not_change_the_limit():
    host = HostLimiter(POLICY)
    for n in range(100):
        ask(host, Outcome.ANSWERED, float(n), DOWN)
        ask(host, Outcome.NOTHING, float(n), DOWN)
    assert (host.limit, host.resumes_at, host.failures) == (8, 0.0, 0)


@given(st.lists(st.tuples(st.sampled_from(Outcome), st.floats(0, 100), st.floats(0, 1e9)), max_size=200))
def test_the_limit_stays_between_one_and_the_maximum_and_recovers(events):
    host, now = HostLimiter(POLICY), 0.0
    for outcome, passed, pause in events:
        now += passed
        host.begin(now)
        host.end(outcome, now, now, DOWN, pause)
        assert 1 <= host.limit <= POLICY.max_limit
        assert host.in_flight == 0
    assert host.has_room(now + 2 * 86_400)
    assert host.refusal(now + 2 * 86_400) is None
