"""Runs the command as a real process, with its exit status and its two outputs, in a pipe."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[3]
# Removed when the tests end.
STATE = tempfile.TemporaryDirectory(prefix="lichtbild-state-")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(("LICHTBILD_", "FORCE_"))}


def lichtbild(
    *arguments: object, api: str | None = None, given: bytes = b"", folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command(*arguments), input=given, capture_output=True, check=False, cwd=folder, env=environment(api)
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "lichtbild", *map(str, arguments)]


def environment(api: str | None) -> dict[str, str]:
    return (
        ENVIRONMENT | {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": STATE.name} | ({"LICHTBILD_API": api} if api else {})
    )
