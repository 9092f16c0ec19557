"""Starts a process so that it cannot outlive this one, and ends it with all its descendants."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import psutil

# A killed process takes a moment to go; one that sits in the kernel may take for ever.
_KILL_SECONDS = 2.0
_SHIM = Path(__file__).with_name("die_with_parent.py")


def spawn(
    command: Sequence[str],
    environment: Mapping[str, str],
    output: IO[bytes] | int,
    folder: Path | None = None,
    descriptors: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Starts `command` in its own session, out of reach of the terminal's Ctrl-C; all it writes goes to `output`.

    It inherits `descriptors`, under their numbers.
    """
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(_SHIM), str(os.getpid()), *command],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd=folder,
        start_new_session=True,
        pass_fds=descriptors,
    )


def end(process: subprocess.Popen[bytes], seconds: float) -> None:
    """SIGTERM, `seconds` of patience, then SIGKILL for it and for whatever it left behind."""
    family = descendants(process)
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    kill_family(process, family)


def kill_family(process: subprocess.Popen[bytes], family: Sequence[psutil.Process]) -> None:
    """Kills the process, its group and the given descendants, some of which may have left the group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()  # psutil compares start times, so a reused id is safe
    process.wait()
    deadline = time.monotonic() + _KILL_SECONDS
    while any(map(_runs, family)) and time.monotonic() < deadline:
        time.sleep(0.01)


def _runs(member: psutil.Process) -> bool:
    """Zombies do not: they are gone but for a parent that has yet to notice."""
    try:
        return bool(member.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def descendants(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """All that descend from it now; empty once it is gone."""
    try:
        return list(psutil.Process(process.pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []
