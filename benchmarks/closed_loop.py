"""Clients that each ask for the next thing as soon as they have the last one."""

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

Result = TypeVar("Result")


@dataclass(frozen=True)
class Done(Generic[Result]):
    """What clients got together: results with the number of their turn, and how long each took, in milliseconds."""

    results: list[tuple[int, Result]]
    milliseconds: list[float]
    seconds: float

    @property
    def per_second(self) -> float:
        return len(self.results) / self.seconds

    def percentile(self, percent: float) -> float:
        return float(np.percentile(self.milliseconds, percent))


def closed_loop(ask: Callable[[int], Result], clients: int, seconds: float, at_least: int = 0) -> Done[Result]:
    """Run `ask` in so many threads for so long, at least once in each and `at_least` times in all. It gets the number
    of its turn, which is never the same twice. What it raises ends the loop and is raised here."""
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
    return Done(results, milliseconds, time.perf_counter() - started)
