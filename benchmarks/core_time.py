"""The processor time that a benchmark's own processes have spent."""

from contextlib import suppress

import psutil


def stores() -> list[psutil.Process]:
    """The Redis and the catalogue that this process has started; never another's, which may end at any moment."""
    return [process for process in psutil.Process().children() if _is_store(process)]


def core_seconds(process: psutil.Process) -> float:
    """What all threads of a process have spent since its start, in the system's calls as well."""
    times = process.cpu_times()
    return float(times.user + times.system)


def family_seconds(process: psutil.Process) -> float:
    """What it and all that it started have spent; a short-lived child that ends meanwhile does not count."""
    spent = core_seconds(process)
    for child in process.children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            spent += core_seconds(child)
    return spent


def _is_store(process: psutil.Process) -> bool:
    command = " ".join(process.cmdline())
    return "embedded.catalogue_server" in command or "redis-server" in command
