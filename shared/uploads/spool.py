"""Uploaded pictures on their way to a worker: a folder per job, a file per picture, gone once the picture is embedded.

The API writes, the ingest workers read and remove; both see the same folder. Its names are ours, never a client's.
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

# Clients cannot submit such an address: `url_problem` lets only http and https pass.
_SCHEME = "upload:"
_JOB = re.compile(r"[0-9a-f]{20}")
_ADDRESS = re.compile(rf"{_SCHEME}({_JOB.pattern})/([0-9]{{1,9}})")
# What a file takes beside its bytes, so that a flood of empty ones is bounded too: a block of most file systems.
_FILE_BYTES = 4096
_MEASURE_SECONDS = 1.0


class Spool:
    """Thread-safe. A fault of the disk is an UnavailableError: it is no picture's own fault."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        self._folder = folder
        self._room = _Room(folder, max_bytes)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Spool | None":
        """The spool that the settings name; None if they name none."""
        if not settings.uploads_folder:
            return None
        return cls(Path(settings.uploads_folder) / "spool", settings.max_spool_bytes)

    def receive(self, job_id: str, announced: int) -> "Reception":
        """Begin to take the pictures of a job to be, `announced` bytes or more.

        Raises SpoolFullError if they do not fit now, PayloadTooLargeError if they never will.
        """
        self._room.check(announced)
        with _disk_faults():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._folder / job_id).mkdir(mode=0o700)
        return Reception(self._folder / job_id, self._room)

    def read(self, address: str) -> bytes | None:
        """The bytes of a picture, or None if they are gone."""
        with _disk_faults():
            try:
                return self._path(address).read_bytes()
            except FileNotFoundError:
                # Where the spool itself is missing, say not mounted, that says nothing about the picture.
                if self._folder.is_dir():
                    return None
                raise

    def remove(self, addresses: Sequence[str]) -> None:
        """Forget pictures, and their job's folder with the last of them. What cannot be removed now is swept later."""
        paths = [self._path(address) for address in addresses]
        for path in paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        for folder in {path.parent for path in paths}:
            with suppress(OSError):
                folder.rmdir()

    def jobs(self) -> Iterator[tuple[str, float]]:
        """The jobs that have a folder, each with the seconds for which no file came into it or went from it."""
        with suppress(FileNotFoundError):
            for entry in os.scandir(self._folder):
                # Somebody else's folder, such as lost+found, is none of our business.
                if not _JOB.fullmatch(entry.name):
                    continue
                with suppress(FileNotFoundError):
                    yield entry.name, time.time() - entry.stat().st_mtime

    def drop(self, job_id: str) -> None:
        """Remove all that is left of a job."""
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

    def _path(self, address: str) -> Path:
        found = _ADDRESS.fullmatch(address)
        if found is None:
            raise ValueError(f"{address!r} is no address in the spool")
        return self._folder / found[1] / found[2]


class Reception:
    """Takes the pictures of one job, one after the other. Nobody looks for them before the job is visible, so no file
    needs a temporary name.
    """

    def __init__(self, folder: Path, room: "_Room") -> None:
        self._folder = folder
        self._room = room
        self._count = 0
        self._bytes = 0

    def add(self, pieces: Iterable[bytes]) -> str:
        """Write one picture, safe from a power cut, and return its address.

        Raises SpoolFullError, PayloadTooLargeError or UnavailableError, and whatever `pieces` raises.
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
        """Make the files' names as safe as their bytes: to be done before the job is visible."""
        with _disk_faults():
            for folder in (self._folder, self._folder.parent):
                descriptor = os.open(folder, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def discard(self) -> None:
        """Leave nothing behind."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._room.measure_again()

    def _take(self, count: int) -> None:
        self._bytes += count
        self._room.check_size(self._bytes)
        self._room.take(count)


class _Room:
    """How full the spool is: measured now and then on the disk, which all processes share, and counted in between."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._used = 0
        self._measure_at = 0.0
        self._lock = threading.Lock()

    def check(self, count: int) -> None:
        """Raise PayloadTooLargeError for what no empty spool takes, SpoolFullError for what does not fit now."""
        self.check_size(count)
        with self._lock:
            self._ensure(count)

    def check_size(self, count: int) -> None:
        """Raise PayloadTooLargeError for what no empty spool takes."""
        if count > self._limit:
            raise PayloadTooLargeError(
                f"One upload takes at most {self._limit} bytes (LICHTBILD_MAX_SPOOL_BYTES); send several."
            )

    def take(self, count: int) -> None:
        """Count bytes that are about to be written. Raises SpoolFullError."""
        with self._lock:
            self._ensure(count)
            self._used += count

    def measure_again(self) -> None:
        """Bytes were removed: do not rely on the count."""
        with self._lock:
            self._measure_at = 0.0

    def _ensure(self, count: int) -> None:
        if time.monotonic() >= self._measure_at:
            self._measure()
        if self._used + count > self._limit:
            raise SpoolFullError("Too many uploaded pictures wait to be embedded; send this again a little later.")

    def _measure(self) -> None:
        started = time.monotonic()
        with _disk_faults():
            self._used = sum(_sizes(self._folder))
        # Many files take a while: a tenth of the time at most goes into it.
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
    """A disk that is full, read-only or gone is a fault of our own parts."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UnavailableError(f"The folder of uploads (LICHTBILD_UPLOADS_FOLDER) cannot be used: {reason}.") from error
