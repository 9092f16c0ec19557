"""The folder that holds everything of one embedded stack: what lies where, its passwords, and who is using it."""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderInUseError(Exception):
    """Another stack runs on this folder; the text names its process."""


class DataFolder:
    """Readable by its owner only; made on construction if missing."""

    def __init__(self, path: Path) -> None:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path.resolve()
        self.path.chmod(0o700)

    @property
    def redis(self) -> Path:
        """Redis' configuration and its append-only file."""
        return self.path / "redis"

    @property
    def catalogue(self) -> Path:
        """The database of the catalogue server."""
        return self.path / "catalogue"

    @property
    def uploads(self) -> Path:
        """Pictures that were uploaded, until they are embedded, and their thumbnails."""
        return self.path / "uploads"

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.path / "logs"

    def password(self, name: str) -> Path:
        """A file of mode 0600 with a random password, made at first use and kept."""
        path = self.path / f"{name}.password"
        if not path.exists():
            # By way of a rename: a file that was cut short would lock its owner out for good.
            unfinished = path.with_suffix(".new")
            unfinished.unlink(missing_ok=True)
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(32))
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(path)
        return path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps every other stack out; the lock goes with the process, however that ends."""
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
