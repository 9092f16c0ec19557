"""A Redis or a catalogue server for the duration of a `with` block, for tests and experiments.

`with running_redis(folder) as redis_url, running_catalogue(folder) as catalogue_url: ...`
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from embedded.data_folder import DataFolder
from embedded.ports import LOOPBACK, free_ports
from embedded.process import end, spawn
from embedded.readiness import http_answers, redis_answers
from embedded.redis_server import find_redis, redis_command

_START_SECONDS = 60.0  # on a busy machine; about a second on an idle one


class ServerFailedError(Exception):
    """The server did not become ready; the text holds the end of its log."""


@contextmanager
def running_redis(folder: Path, port: int | None = None, bundled_only: bool = False) -> Iterator[str]:
    """Yield `redis://:PASSWORD@127.0.0.1:PORT/0`; the data stay in `folder`. Raises ServerFailedError."""
    data = DataFolder(folder)
    password = data.password("redis").read_text()
    port = port or free_ports(1)[0]
    url = f"redis://:{password}@{LOOPBACK}:{port}/0"
    command = redis_command(find_redis(bundled_only), data.redis, port, password)
    with _running("redis", command, data.logs, lambda: redis_answers(url)):
        yield url


@contextmanager
def running_catalogue(folder: Path, port: int | None = None) -> Iterator[str]:
    """Yield `clickhouse://default:PASSWORD@127.0.0.1:PORT/default`; the data stay in `folder`.

    Raises ServerFailedError.
    """
    data = DataFolder(folder)
    password_file = data.password("catalogue")
    port = port or free_ports(1)[0]
    command = catalogue_command(data.catalogue, port, password_file)
    with _running("catalogue", command, data.logs, lambda: http_answers(f"http://{LOOPBACK}:{port}/ping")):
        yield f"clickhouse://default:{password_file.read_text()}@{LOOPBACK}:{port}/default"


def catalogue_command(folder: Path, port: int, password_file: Path) -> list[str]:
    """The command line of the catalogue server; it names the password's file, not the password."""
    module = [sys.executable, "-m", "embedded.catalogue_server"]
    return [*module, "--data", str(folder), "--port", str(port), "--password-file", str(password_file)]


@contextmanager
def _running(name: str, command: Sequence[str], logs: Path, is_ready: Callable[[], bool]) -> Iterator[None]:
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = logs / f"{name}.log"
    with log.open("ab") as output:
        process = spawn(command, os.environ, output, folder=project_root())
    try:
        _wait_until_ready(name, process, is_ready, log)
        yield
    finally:
        end(process, seconds=15)


def _wait_until_ready(name: str, process: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not is_ready():
        if process.poll() is not None or time.monotonic() > deadline:
            last = log.read_bytes()[-2000:].decode(errors="replace")
            raise ServerFailedError(f"{name} did not start (exit status {process.poll()}):\n{last}")
        time.sleep(0.05)


def project_root() -> Path:
    """The folder that holds `api`, `embedded`, `shared` and `worker`: the working folder of every process."""
    return Path(__file__).resolve().parent.parent
