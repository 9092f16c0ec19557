"""Processor time of the processes that a benchmark started, in core-seconds."""

from contextlib import suppress

import psutil


def stores() -> list[psutil.Process]:
    """The Redis and catalogue servers that this process started. Another benchmark's could end at any moment."""
    return [process for process in psutil.Process().children() if _is_store(process)]


def core_seconds(process: psutil.Process) -> float:
    """User and system time of all threads of a process since its start."""
    times = process.cpu_times()
    return float(times.user + times.system)


def family_seconds(process: psutil.Process) -> float:
    """User and system time of a process and its descendants. Children that have already ended do not count."""
    spent = core_seconds(process)
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            spent += core_seconds(child)
    return spent


def _is_store(process: psutil.Process) -> bool:
    command = " ".join(process.cmdline())
    return "embedded.catalogue_server" in command or "redis-server" in command
