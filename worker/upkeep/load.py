"""How busy a worker is and how much memory it uses, which it announces with its presence."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

_STATM = Path("/proc/self/statm")


class Load:
    """Read by one thread, which announces the worker every few seconds."""

    def __init__(self, encoded: Callable[[], int]) -> None:
        """`encoded` counts the images and texts that the model has encoded so far."""
        self._encoded = encoded
        self._last = (encoded(), time.monotonic())

    def read(self) -> Mapping[str, float | int]:
        """`encoded_per_second` since the last call, and `memory_bytes`, the process's resident memory, where the system
        has /proc."""
        now = (self._encoded(), time.monotonic())
        (count_before, before), self._last = self._last, now
        seconds = max(now[1] - before, 1e-3)
        rate = {"encoded_per_second": round((now[0] - count_before) / seconds, 1)}
        memory = resident_bytes()
        return rate if memory is None else {**rate, "memory_bytes": memory}


def resident_bytes() -> int | None:
    """Resident memory of this process in bytes; None without /proc."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None
