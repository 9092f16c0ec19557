"""Who runs beside whom."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

from worker.ingest.quarantine import Quarantine


def test_others_run_side_by_side():
    quarantine, meeting = Quarantine(), threading.Barrier(4, timeout=10)

    def run() -> None:
        with quarantine.admitted(alone=False):
            meeting.wait()

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(run) for _ in range(4)]:
            done.result(10)


def test_a_suspect_runs_alone_and_everyone_gets_a_turn():
    quarantine, lock, inside, seen = Quarantine(), threading.Lock(), [], []
    rng = random.Random(1)

    def run(number: int, alone: bool) -> None:
        with quarantine.admitted(alone=alone):
            with lock:
                inside.append(alone)
                assert not any(inside) or len(inside) == 1, inside
            with lock:
                inside.remove(alone)
                seen.append(number)

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(run, number, rng.random() < 0.3) for number in range(500)]:
            done.result(20)
    assert sorted(seen) == list(range(500))


def test_a_suspect_that_waits_is_not_overtaken():
    quarantine, order = Quarantine(), []
    first_in, let_go = threading.Event(), threading.Event()

    def first() -> None:
        with quarantine.admitted(alone=False):
            first_in.set()
            assert let_go.wait(10)

    def enter(name: str, alone: bool) -> None:
        with quarantine.admitted(alone=alone):
            order.append(name)

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(first)]
        assert first_in.wait(10)
        running.append(pool.submit(enter, "suspect", True))
        while not quarantine._waiting_alone:
            pass
        running.append(pool.submit(enter, "other", False))
        let_go.set()
        for done in running:
            done.result(10)
    assert order == ["suspect", "other"]


def test_a_failure_inside_lets_the_next_in():
    quarantine = Quarantine()
    for alone in (True, False, True):
        try:
            with quarantine.admitted(alone=alone):
                raise ValueError
        except ValueError:
            pass
    with quarantine.admitted(alone=True):
        pass
