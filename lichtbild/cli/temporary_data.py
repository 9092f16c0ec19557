"""A data folder for one run, gone afterwards; what a killed run left is removed by the next."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "lichtbild-demo-"
_LOCK = "lock"  # as the stack names the file that it holds while it runs
# A run needs a moment between making its folder and locking it.
_SETTLED_SECONDS = 60.0


@contextmanager
def temporary_data() -> Iterator[Path]:
    """Yields a new folder, readable by its owner only."""
    root = Path(tempfile.gettempdir())
    for folder in root.glob(f"{_PREFIX}*"):
        if _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=root, ignore_cleanup_errors=True) as made:
        yield Path(made)


def _is_abandoned(folder: Path) -> bool:
    """Ours, no longer new, and nobody holds its lock."""
    import fcntl  # not on Windows, where the rest of the command works

    try:
        found = folder.lstat()
        if found.st_uid != os.getuid() or time.time() - found.st_mtime < _SETTLED_SECONDS:
            return False
        with (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
