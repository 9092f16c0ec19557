"""A temporary data folder for one run; the next run removes the folders of killed runs."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "lichtbild-demo-"
_LOCK = "lock"  # the file that a running stack keeps locked
# A new folder is not locked yet: leave it alone for this time.
_SETTLED_SECONDS = 60.0


@contextmanager
def temporary_data() -> Iterator[Path]:
    """Yield a new folder with mode 0700."""
    root = Path(tempfile.gettempdir())
    for folder in root.glob(f"{_PREFIX}*"):
        if _is_abandoned(folder):
            shutil.rmtree(folder, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=root, ignore_cleanup_errors=True) as made:
        yield Path(made)


def _is_abandoned(folder: Path) -> bool:
    """Whether the folder is this user's, older than a minute, and not locked."""
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
