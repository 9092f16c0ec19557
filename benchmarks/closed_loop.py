"""A closed loop: each client sends its next request as soon as the last one is answered."""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

Result = TypeVar("Result")


@dataclass(frozen=True)
class LoopResult(Generic[Result]):
    """All clients together: (turn, result) pairs, the latency of each call in ms, and the whole duration in s."""

    results: list[tuple[int, Result]]
    milliseconds: list[float]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.results) / self.seconds

    def percentile(self, percent: float) -> float:
        return float(np.percentile(self.milliseconds, percent))


def closed_loop(ask: Callable[[int], Result], clients: int, seconds: float, at_least: int = 0) -> LoopResult[Result]:
    """Call `ask(turn)` in `clients` threads for `seconds`, at least once in each thread and `at_least` times in all.

    Each turn number is used once. The first exception of `ask` stops the loop and is raised here.
    """
    turns = itertools.count()
    results: list[tuple[int, Result]] = []
    milliseconds: list[float] = []
    failures: list[BaseException] = []
    started = time.perf_counter()

    def client() -> None:
        try:
            while not failures:
                turn, began = next(turns), time.perf_counter()
                result = ask(turn)
                milliseconds.append(1000 * (time.perf_counter() - began))
                results.append((turn, result))
                if time.perf_counter() - started > seconds and turn + clients >= at_least:
                    return
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return LoopResult(results, milliseconds, time.perf_counter() - started)
