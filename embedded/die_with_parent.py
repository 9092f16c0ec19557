"""Run as `python die_with_parent.py PARENT COMMAND…`: becomes COMMAND, which Linux kills when PARENT goes.

A supervisor that is killed with -9 can stop nothing, so the kernel has to. This is a program of its own, since code
between fork and exec (`preexec_fn`) can deadlock in a process with threads. SIGKILL, because it cannot be ignored and
everything here keeps its promises under it. The signal belongs to the *thread* that started the process: start it from
one that lives as long as the supervisor.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Never returns."""
    parent, *command = sys.argv[1:]
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):  # it went before the line above
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - a shell is the last thing wanted here


if __name__ == "__main__":
    main()
