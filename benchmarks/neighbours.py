"""How much of the machine others took while something was measured: figures from a busy machine say so."""

import time

import psutil

from benchmarks.core_time import family_seconds


class Neighbours:
    """From its making on; what this process and its children take is not counted, what a hypervisor steals is."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._busy, self._own = _busy_seconds(), family_seconds(psutil.Process())

    def cores(self) -> float:
        """Cores that others took since then, on average."""
        own = family_seconds(psutil.Process()) - self._own
        others = _busy_seconds() - self._busy - own
        return max(0.0, others / (time.perf_counter() - self._started))


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    # What guests take is in `user` already.
    names = ("user", "nice", "system", "irq", "softirq", "steal")
    return float(sum(getattr(times, name, 0.0) for name in names))
