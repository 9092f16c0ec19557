"""Keeps measurements on disk: other workers of this machine and later starts need not measure again."""

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

# Increment when the same fingerprint leads to different measurements.
_VERSION = 2
# Several times the duration of one measurement. After it, measure without the lock: its holder may hang.
_LOCK_TIMEOUT = 60.0

Found = TypeVar("Found")


class TuningCache(Generic[Found]):
    """JSON files in `folder`, by default in the user's cache folder. An unusable folder costs repeated measuring."""

    def __init__(self, folder: str, kind: type[Found], is_worth_keeping: Callable[[Found], bool]) -> None:
        self._folder = Path(folder) if folder else user_cache_path("lichtbild") / "tuning"
        self._adapter = TypeAdapter(kind)
        self._is_worth_keeping = is_worth_keeping

    def read_or_make(self, fingerprint: Mapping[str, str], make: Callable[[], Found]) -> Found:
        """Return the stored value of this fingerprint, else that of `make`, which runs in one process at a time."""
        key = json.dumps({"version": _VERSION, **fingerprint}, sort_keys=True)
        path = self._folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json"
        found = self._read(path)
        if found is not None:
            return found
        with self._locked():
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
    def _locked(self) -> Iterator[None]:
        """Lock the folder, not the fingerprint: measuring another model would disturb as much."""
        lock = FileLock(self._folder / "lock", timeout=_LOCK_TIMEOUT)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except (OSError, Timeout, NotImplementedError) as error:
            log.warning("%s cannot be locked (%s); measuring without a lock.", self._folder, error)
        try:
            yield
        finally:
            lock.release()


def _write(path: Path, content: bytes) -> None:
    """Write atomically."""
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    try:
        draft.write_bytes(content)
        draft.replace(path)
    except OSError as error:
        log.warning("%s cannot be written (%s); every start will measure again.", path, error)
