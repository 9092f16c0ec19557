"""The second line of defence: Landlock confines this process to its data folder, without root.

Unlike the guard it does not depend on parsing SQL. The confined process can read Python, system libraries, /proc and
/sys, write below its data folder, and open no TCP connection (Linux 6.7 or newer). Without Landlock (before Linux 5.13,
or another system) only the guard is left.
"""

from __future__ import annotations

import ctypes
import logging
import os
import struct
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

# include/uapi/linux/landlock.h and prctl.h
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION_FLAG = 1
_RULE_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38
_READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read a file, list a folder
_ALL_OF_ABI = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
_FILE_ONLY = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14  # the rights that apply to a single file
_CONNECT_TCP = 1 << 1
_LOG = logging.getLogger(__name__)
_SYSTEM = ("/usr", "/lib", "/lib64", "/proc", "/sys", "/dev", "/etc/localtime", "/etc/timezone", "/etc/ld.so.cache")


def confine(writable: Iterable[Path]) -> bool:
    """Confine this thread and the threads that it starts later, so call it first. False if the kernel cannot."""
    if not sys.platform.startswith("linux"):
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(_CREATE_RULESET, None, 0, _VERSION_FLAG)
    if abi < 1:
        _LOG.info("catalogue: this kernel has no Landlock; only the SQL guard confines statements to the database")
        return False
    handled = _ALL_OF_ABI[min(abi, 3)]
    ruleset = _ruleset(libc, handled, _CONNECT_TCP if abi >= 4 else 0)
    try:
        for path in _readable():
            _allow(libc, ruleset, path, _READ)
        for path in writable:
            _allow(libc, ruleset, path, handled)
        _allow(libc, ruleset, Path(os.devnull), handled & _FILE_ONLY)
        _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _checked(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)
    return True


def _ruleset(libc: ctypes.CDLL, files: int, network: int) -> int:
    attributes = struct.pack("QQ", files, network) if network else struct.pack("Q", files)
    return _checked(libc.syscall(_CREATE_RULESET, attributes, len(attributes), 0))


def _allow(libc: ctypes.CDLL, ruleset: int, path: Path, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        allowed = rights if path.is_dir() else rights & _FILE_ONLY
        _checked(libc.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, struct.pack("=Qi", allowed, opened), 0))
    finally:
        os.close(opened)


def _readable() -> set[Path]:
    """Folders that Python imports from, and files that the C library and the engine read."""
    python = {sys.prefix, sys.base_prefix, str(Path(__file__).resolve().parent.parent)}
    installed = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    # Not all of sys.path: its first entry is the working folder.
    elsewhere = {path for path in sys.path if Path(path).name in {"site-packages", "dist-packages"}}
    return {Path(path).resolve() for path in python | installed | elsewhere} | {Path(path) for path in _SYSTEM}


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result
