"""How much of the machine others took while something was measured: figures from a busy machine say so."""

import time

import psutil


class Neighbours:
    """From its making on; what this process and its children take is not counted, what a hypervisor steals is."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._busy, self._own = _busy_seconds(), _own_seconds()

    def cores(self) -> float:
        """Cores that others took since then, on average."""
        others = _busy_seconds() - self._busy - (_own_seconds() - self._own)
        return max(0.0, others / (time.perf_counter() - self._started))


def _busy_seconds() -> float:
    times = psutil.cpu_times()
    # What guests take is in `user` already.
    names = ("user", "nice", "system", "irq", "softirq", "steal")
    return float(sum(getattr(times, name, 0.0) for name in names))


def _own_seconds() -> float:
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))
