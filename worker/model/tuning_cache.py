"""Caches measurements on disk for other workers of the machine and for later starts."""

import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Generic, TypeVar

from filelock import FileLock, Timeout
from platformdirs import user_cache_path
from pydantic import TypeAdapter, ValidationError

log = logging.getLogger(__name__)

# Increment it when the same fingerprint would lead to different measurements.
_VERSION = 2
# Lock timeout, several times the duration of a measurement: a worker that hangs does not block others forever.
_PATIENCE_SECONDS = 60.0

Found = TypeVar("Found")


class TuningCache(Generic[Found]):
    """JSON files in a folder, by default the user's cache folder. An unusable folder is not an error."""

    def __init__(self, folder: str, kind: type[Found], is_worth_keeping: Callable[[Found], bool]) -> None:
        self._folder = Path(folder) if folder else user_cache_path("lichtbild") / "tuning"
        self._adapter = TypeAdapter(kind)
        self._is_worth_keeping = is_worth_keeping

    def read_or_make(self, fingerprint: Mapping[str, str], make: Callable[[], Found]) -> Found:
        """The cached value of this fingerprint, otherwise the result of `make`. One process at a time calls `make`."""
        described = json.dumps({"version": _VERSION, **fingerprint}, sort_keys=True)
        path = self._folder / f"{hashlib.sha256(described.encode()).hexdigest()[:32]}.json"
        found = self._read(path)
        if found is not None:
            return found
        with self._alone():
            found = self._read(path)
            if found is None:
                found = make()
                if self._is_worth_keeping(found):
                    _write(path, self._adapter.dump_json(found, indent=1))
            return found

    def _read(self, path: Path) -> Found | None:
        try:
            return self._adapter.validate_json(path.read_bytes())
        except (OSError, ValidationError):
            return None

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Lock the whole folder, because workers with other models would disturb the measurement as well."""
        lock = FileLock(self._folder / "lock", timeout=_PATIENCE_SECONDS)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except (OSError, Timeout, NotImplementedError) as error:
            log.warning("%s cannot be locked (%s): measuring without the lock.", self._folder, error)
        try:
            yield
        finally:
            lock.release()


def _write(path: Path, content: bytes) -> None:
    """Write the file atomically."""
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        log.warning("%s cannot be written (%s): every start measures again.", path, error)
