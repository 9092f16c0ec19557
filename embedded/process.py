"""Starts processes that cannot outlive this one, and ends them with all their descendants."""

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

# How long to wait for killed descendants to end; one in uninterruptible sleep may never do.
_KILL_SECONDS = 2.0
_SHIM = Path(__file__).with_name("die_with_parent.py")


def spawn(
    command: Sequence[str],
    environment: Mapping[str, str],
    output: IO[bytes] | int,
    folder: Path | None = None,
    descriptors: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start `command` in its own session, so that the terminal's Ctrl-C does not reach it; stdout and stderr go to
    `output`. The process inherits `descriptors` under the same numbers.
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
    """Send SIGTERM, wait up to `seconds`, then send SIGKILL to the process and to its remaining descendants."""
    family = descendants(process)
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
    kill_family(process, family)


def kill_family(process: subprocess.Popen[bytes], family: Sequence[psutil.Process]) -> None:
    """Kill the process, its process group, and the given descendants, which may have left the group."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()  # psutil compares start times, so a reused pid is safe
    process.wait()
    deadline = time.monotonic() + _KILL_SECONDS
    while any(map(_runs, family)) and time.monotonic() < deadline:
        time.sleep(0.01)


def _runs(member: psutil.Process) -> bool:
    """Zombies do not run: they wait only for their parent to reap them."""
    try:
        return bool(member.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def descendants(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """All current descendants; empty once the process has ended."""
    try:
        return list(psutil.Process(process.pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []
