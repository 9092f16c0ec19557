"""Run as `python die_with_parent.py PARENT_PID COMMAND…`: becomes COMMAND, which Linux kills when the parent ends.

A supervisor that is killed with SIGKILL cannot stop its children, so the kernel has to. This is a separate program
because code between fork and exec (`preexec_fn`) can deadlock in a process with threads. The signal is SIGKILL: it
cannot be ignored, and every process of the stack survives it without losing data. It is sent when the parent *thread*
ends, so start the process from a thread that lives as long as the supervisor.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for SIGKILL at the parent's end, then exec the command; does not return."""
    parent, *command = sys.argv[1:]
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):  # the parent ended before prctl was called
            sys.exit(1)
    os.execvp(command[0], command)  # noqa: S606 - no shell: the arguments are passed as they are


if __name__ == "__main__":
    main()
