"""The data folder of one embedded stack: its layout, its passwords, and the lock that one stack at a time holds."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderInUseError(Exception):
    """Another stack uses this folder; the text names its process id."""


class DataFolder:
    """Created with mode 0700 on construction if it is missing."""

    def __init__(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path.resolve()
        self.path.chmod(0o700)

    @property
    def redis(self) -> Path:
        """The configuration and the append-only file of Redis."""
        return self.path / "redis"

    @property
    def catalogue(self) -> Path:
        """The database of the catalogue server."""
        return self.path / "catalogue"

    @property
    def uploads(self) -> Path:
        """Uploaded pictures until they are embedded, and thumbnails."""
        return self.path / "uploads"

    @property
    def logs(self) -> Path:
        """One log file per process."""
        return self.path / "logs"

    def password(self, name: str) -> Path:
        """A file of mode 0600 with a random password, created at first use."""
        path = self.path / f"{name}.password"
        if not path.exists():
            # Written and renamed: a truncated password file would lock the owner out permanently.
            unfinished = path.with_suffix(".new")
            unfinished.unlink(missing_ok=True)
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(32))
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(path)
        return path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder's lock, which the kernel releases when the process ends. Raises FolderInUseError."""
        with os.fdopen(os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = lock.read().strip() or "unknown"
                raise FolderInUseError(
                    f"{self.path} is in use by another stack (process {holder}): stop it, or choose another folder"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield
