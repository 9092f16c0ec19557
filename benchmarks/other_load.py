"""Cores that unrelated processes used during a measurement, so that figures of a busy machine can be recognised."""

import time

import psutil

from benchmarks.core_time import family_seconds


class OtherLoad:
    """Counts from its creation. Excludes this process and its descendants, includes time stolen by a hypervisor."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._busy, self._own = _busy_seconds(), family_seconds(psutil.Process())

    def cores(self) -> float:
        """The mean number of cores that other processes have used since then."""
        own = family_seconds(psutil.Process()) - self._own
        others = _busy_seconds() - self._busy - own
        return max(0.0, others / (time.perf_counter() - self._started))


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    # Guest time is already part of `user`.
    names = ("user", "nice", "system", "irq", "softirq", "steal")
    return float(sum(getattr(times, name, 0.0) for name in names))
