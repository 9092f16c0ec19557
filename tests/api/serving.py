"""The API in a process of gunicorn, as the stack starts it."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from embedded.ports import LOOPBACK, free_ports
from shared.settings import Settings


@contextmanager
def served(settings: Settings, log: Path, **changed: str) -> Iterator[str]:
    """The address of an API with the servers of `settings`, and with `changed` settings."""
    (port,) = free_ports(1)
    command = f"--bind {LOOPBACK}:{port} --worker-class gthread --workers 1 --threads 64 --no-control-socket"
    environment = {
        **os.environ,
        "LICHTBILD_REDIS_URL": settings.redis_url.get_secret_value(),
        "LICHTBILD_CATALOGUE_URL": settings.catalogue_url.get_secret_value(),
        **{f"LICHTBILD_{name.upper()}": value for name, value in changed.items()},
    }
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *command.split(), "api.app:create_app()"],
            env=environment,
            stderr=stderr,
        )
    try:
        yield _responding(f"http://{LOOPBACK}:{port}", process, log)
    finally:
        process.terminate()
        assert process.wait(30) == 0


def _responding(address: str, process: "subprocess.Popen[bytes]", log: Path) -> str:
    deadline = time.monotonic() + 60
    while True:
        try:
            if requests.get(f"{address}/healthz", timeout=5).ok:
                return address
        except (requests.ConnectionError, requests.Timeout):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
