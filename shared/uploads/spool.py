"""Uploaded images waiting for a worker: one folder per job, one file per image, removed once the image is embedded.

The API writes, the ingest workers read and remove; both mount the same folder. File names never come from a client.
"""

import os
import re
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from shared.errors import PayloadTooLargeError, SpoolFullError, UnavailableError
from shared.settings import Settings

# Clients cannot submit such an address: `url_problem` accepts only http and https.
_SCHEME = "upload:"
_JOB = re.compile(r"[0-9a-f]{20}")
_ADDRESS = re.compile(rf"{_SCHEME}({_JOB.pattern})/([0-9]{{1,9}})")
# Overhead counted per file, so that empty files are bounded as well: one block of most file systems.
_FILE_BYTES = 4096
_MEASURE_SECONDS = 1.0


class Spool:
    """Thread-safe. Disk errors raise UnavailableError, because they are not the image's fault."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._room = _Room(folder, max_bytes)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Spool | None":
        """The spool in `settings.uploads_folder`, or None if that is empty."""
        if not settings.uploads_folder:
            return None
        return cls(Path(settings.uploads_folder) / "spool", settings.max_spool_bytes)

    def receive(self, job_id: str, announced: int) -> "Reception":
        """Start to receive the images of a future job, at least `announced` bytes.

        Raises SpoolFullError if they do not fit now, PayloadTooLargeError if they can never fit.
        """
        self._room.check(announced)
        with _disk_faults():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / job_id).mkdir(mode=0o700)
        return Reception(self._folder / job_id, self._room)

    def read(self, address: str) -> bytes | None:
        """The bytes of an image, or None if the file does not exist."""
        with _disk_faults():
            try:
                return self._path(address).read_bytes()
            except FileNotFoundError:
                # If the spool itself is missing (not mounted, for example), the image may still exist.
                if self._folder.is_dir():
                    return None
                raise

    def remove(self, addresses: Sequence[str]) -> None:
        """Remove images, and their job's folder with the last one. The sweeper removes the remaining files later."""
        paths = [self._path(address) for address in addresses]
        for path in paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        for folder in {path.parent for path in paths}:
            with suppress(OSError):
                folder.rmdir()

    def jobs(self) -> Iterator[tuple[str, float]]:
        """Ids of the jobs that have a folder, each with the seconds since a file was last added or removed."""
        with suppress(FileNotFoundError):
            for entry in os.scandir(self._folder):
                # Skip foreign folders, such as lost+found.
                if not _JOB.fullmatch(entry.name):
                    continue
                with suppress(FileNotFoundError):
                    yield entry.name, time.time() - entry.stat().st_mtime

    def drop(self, job_id: str) -> None:
        """Remove the job's folder and all files in it."""
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

    def _path(self, address: str) -> Path:
        found = _ADDRESS.fullmatch(address)
        if found is None:
            raise ValueError(f"{address!r} is not an address in the spool")
        return self._folder / found[1] / found[2]


class Reception:
    """Writes the images of one job, one after the other. Nothing reads them before the job is visible, so no file needs
    a temporary name.
    """

    def __init__(self, folder: Path, room: "_Room") -> None:
        self._folder = folder
        self._room = room
        self._count = 0
        self._bytes = 0

    def add(self, pieces: Iterable[bytes]) -> str:
        """Write and fsync one image, and return its address.

        Raises SpoolFullError, PayloadTooLargeError or UnavailableError, and any error of `pieces`.
        """
        self._take(_FILE_BYTES)
        with _disk_faults(), (self._folder / str(self._count)).open("xb") as file:
            for piece in pieces:
                self._take(len(piece))
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        self._count += 1
        return f"{_SCHEME}{self._folder.name}/{self._count - 1}"

    def seal(self) -> None:
        """fsync the folder, so that the file names survive a power cut. Call it before the job becomes visible."""
        with _disk_faults():
            for folder in (self._folder, self._folder.parent):
                descriptor = os.open(folder, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def discard(self) -> None:
        """Remove everything written so far."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._room.measure_again()

    def _take(self, count: int) -> None:
        self._bytes += count
        self._room.check_size(self._bytes)
        self._room.take(count)


class _Room:
    """Fill level of the spool: measured on the shared disk at intervals, and counted by this process in between."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._used = 0
        self._measure_at = 0.0
        self._lock = threading.Lock()

    def check(self, count: int) -> None:
        """Raise PayloadTooLargeError if the bytes exceed an empty spool, SpoolFullError if they do not fit now."""
        self.check_size(count)
        with self._lock:
            self._ensure(count)

    def check_size(self, count: int) -> None:
        """Raise PayloadTooLargeError if the bytes exceed an empty spool."""
        if count > self._limit:
            raise PayloadTooLargeError(
                f"The upload exceeds {self._limit} bytes (LICHTBILD_MAX_SPOOL_BYTES); split it into several uploads."
            )

    def take(self, count: int) -> None:
        """Reserve bytes before writing them. Raises SpoolFullError."""
        with self._lock:
            self._ensure(count)
            self._used += count

    def measure_again(self) -> None:
        """Measure again before the next check, because files were removed."""
        with self._lock:
            self._measure_at = 0.0

    def _ensure(self, count: int) -> None:
        if time.monotonic() >= self._measure_at:
            self._measure()
        if self._used + count > self._limit:
            raise SpoolFullError("Too many uploaded images are waiting to be embedded; send this upload again later.")

    def _measure(self) -> None:
        started = time.monotonic()
        with _disk_faults():
            self._used = sum(_sizes(self._folder))
        # Measuring many files takes a while: spend at most a tenth of the time on it.
        took = time.monotonic() - started
        self._measure_at = started + max(_MEASURE_SECONDS, 10 * took)


def is_upload(address: str) -> bool:
    """Whether an item's URL is an address in the spool."""
    return address.startswith(_SCHEME)


def _sizes(folder: Path) -> Iterator[int]:
    with suppress(FileNotFoundError):
        for job in os.scandir(folder):
            with suppress(FileNotFoundError):
                for entry in os.scandir(job.path):
                    with suppress(FileNotFoundError):
                        yield entry.stat().st_size + _FILE_BYTES


@contextmanager
def _disk_faults() -> Iterator[None]:
    """Raise UnavailableError for a disk that is full, read-only or missing."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnavailableError(f"The folder of uploads (LICHTBILD_UPLOADS_FOLDER) cannot be used: {reason}.") from error
