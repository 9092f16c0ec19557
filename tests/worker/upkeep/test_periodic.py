"""A periodic thread survives the failures of its step."""

import threading

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from shared.errors import UnavailableError
from worker.upkeep.periodic import PeriodicThread


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    monkeypatch.setattr("worker.upkeep.periodic._RETRY_SECONDS", 0.01)


@pytest.mark.parametrize("error", [RedisConnectionError("away"), UnavailableError("away"), ZeroDivisionError("ours")])
def test_a_failed_step_does_not_end_the_thread(error):
    steps = iter([error, error])
    done = threading.Event()

    def step() -> None:
        for failure in steps:
            raise failure
        done.set()

    thread = PeriodicThread("test", step, 0.01)
    thread.start()
    assert done.wait(10)
    thread.close()


def test_closing_waits_for_the_current_step_and_begins_no_other():
    begun, go_on, seen = threading.Event(), threading.Event(), []

    def step() -> None:
        begun.set()
        assert go_on.wait(10)
        seen.append("done")

    thread = PeriodicThread("test", step, 0)
    thread.start()
    assert begun.wait(10)
    closing = threading.Thread(target=thread.close)
    closing.start()
    go_on.set()
    closing.join(10)
    assert not closing.is_alive()
    assert seen
    assert not any(thread.name == "test" for thread in threading.enumerate())


def test_a_thread_that_was_never_started_can_be_closed():
    PeriodicThread("test", lambda: None, 0).close()
