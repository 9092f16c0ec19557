"""When a webhook is sent again."""

import pytest

from worker.webhooks.backoff import DAY_SECONDS, after_answer, without_answer


def longest(_: float, high: float) -> float:
    return high


def shortest(low: float, _: float) -> float:
    return low


def test_the_longest_pause_doubles_up_to_an_hour_and_the_shortest_is_none():
    delays = [after_answer(500, 0, attempts, 0, longest).delay_seconds for attempts in range(1, 13)]
    assert delays == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]
    assert after_answer(500, 0, 10_000, 0, longest).delay_seconds == 3600
    assert after_answer(500, 0, 5, 0, shortest).delay_seconds == 0


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_each_2xx_is_accepted(status):
    assert after_answer(status, 0, 1, 0).end == "delivered"


@pytest.mark.parametrize("status", [199, 300, 302, 400, 401, 404, 409, 429, 500, 503])
def test_each_other_answer_but_410_is_followed_by_another_attempt(status):
    assert after_answer(status, 0, 1, 0).end is None
    assert after_answer(410, 0, 1, 0).end == "failed"


def test_retry_after_is_honoured_up_to_an_hour():
    assert after_answer(429, 300, 1, 0, shortest).delay_seconds == 300
    assert after_answer(429, 1e9, 1, 0, shortest).delay_seconds == 3600


def test_no_attempt_is_planned_beyond_the_day():
    assert after_answer(500, 0, 20, DAY_SECONDS - 3601, longest).end is None
    assert after_answer(500, 0, 20, DAY_SECONDS - 3599, longest).end == "failed"
    assert without_answer(20, DAY_SECONDS - 3599, longest).end == "failed"


def test_a_server_that_does_not_answer_is_paused_and_one_that_answers_is_not():
    assert without_answer(1, 0).pause_seconds == 30
    assert after_answer(500, 0, 1, 0).pause_seconds == 0
