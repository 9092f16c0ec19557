"""`lichtbild demo` and `up`, installed from the wheel and run by the real command, and no process left afterwards.

The checkout is not on any path here; `make demo` runs the same from a checkout.
"""

import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from tests.wheel import Environment, build_wheel, linked_environment

pytestmark = pytest.mark.timeout(400)


class Shell:
    """An empty home with the wheel installed, and every process that was ever started from it."""

    def __init__(self, home: Path, installed: Environment) -> None:
        self._mark = secrets.token_hex(8)
        self.home = home
        self.installed = installed
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home), "MARK": self._mark}

    def start(self, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [self.installed.python, "-u", self.installed.lichtbild, *arguments],
            env={**self._environment, **variables},
            cwd=self.home,
            # A shell starts background processes with SIGINT ignored, and child processes inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, line: str) -> "subprocess.CompletedProcess[str]":
        """Run a command line that the stack printed for its user."""
        return subprocess.run(
            shlex.split(line),
            env=self._environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def running(self) -> list[str]:
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("MARK") == self._mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(" ".join(process.cmdline()))
            except psutil.Error:
                continue
        return found


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    installed = linked_environment(tmp_path_factory.mktemp("environment"))
    installed.install("--no-deps", str(build_wheel(tmp_path_factory.mktemp("wheel"))))
    return Shell(tmp_path_factory.mktemp("home"), installed)


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    read = ""
    for line in process.stdout or ():
        read += line
        if words in line:
            return read
    raise AssertionError(f"the process ended without printing {words!r}:\n{read}")


def test_it_runs_from_the_wheel(shell):
    code = (
        "from lichtbild.cli import embedded_extra as e; e.require_embedded(); import embedded; print(embedded.__file__)"
    )
    done = shell.run(f"{shell.installed.python} -c {shlex.quote(code)}")
    assert Path(done.stdout.strip()).is_relative_to(shell.installed.folder), done.stderr


def test_a_demo_that_is_killed_leaves_nothing_running(shell):
    demo = shell.start("demo")
    read_until(demo, "is up at")
    assert len(shell.running()) > 4
    demo.send_signal(signal.SIGKILL)
    demo.communicate(timeout=60)
    deadline = time.monotonic() + 30
    while left := shell.running():
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


@pytest.fixture(scope="module")
def transcript(shell) -> str:
    """The output of a whole run, with the preferred port taken."""
    with socket.socket() as other:
        try:
            other.bind(("127.0.0.1", 8700))
            other.listen()
        except OSError:
            pass  # Another process has the port already, which is equally good.
        demo = shell.start("demo")
        output, _ = demo.communicate(timeout=350)
    assert demo.returncode == 0, output
    return output


def test_it_stores_600_photos(transcript):
    assert re.search(r"\b600 stored\b", transcript), transcript


def test_a_man_standing_on_the_beach_finds_men_on_beaches(transcript):
    _, _, rest = transcript.partition("a man standing on the beach")
    by_text, _, _ = rest.partition("By image")
    described = [line for line in by_text.splitlines() if "scene-" in line]
    assert len(described) == 5, transcript
    right = [line for line in described if re.search(r"\bm[ae]n\b", line) and re.search(r"beach|sea", line)]
    assert len(right) >= 4, by_text


def test_it_ends_with_a_contact_sheet_and_nothing_running(shell, transcript):
    with Image.open(shell.home / "lichtbild-demo.png") as sheet:
        assert sheet.width >= 800
    assert str(shell.home / "lichtbild-demo.png") in transcript
    assert shell.running() == []


def commands_to_try(shell: Shell, process: "subprocess.Popen[str]") -> list[str]:
    """The three command lines that a stack prints once it is up; log lines may stand between them."""
    read_until(process, "In another terminal, try:")
    lines: list[str] = []
    while len(lines) < 3:
        line = process.stdout.readline()
        assert line, lines
        if line.startswith(f"  {shell.installed.lichtbild} "):
            lines.append(line)
    return lines


def end_by_ctrl_c(shell: Shell, process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert shell.running() == []


def test_a_demo_that_is_kept_stays_up_with_its_photos_until_ctrl_c(shell):
    demo = shell.start("demo", "--keep")
    status, search, photos = [shell.run(line) for line in commands_to_try(shell, demo)]
    assert [(done.returncode, done.stderr) for done in (status, search, photos)] == [(0, "")] * 3
    assert "photos         600" in status.stdout
    assert "scene-" in search.stdout
    with Image.open(shell.home / "hits.png") as sheet:
        assert sheet.width > 100
    assert "photo_id     scene-" in photos.stdout
    end_by_ctrl_c(shell, demo)


def test_up_with_the_demo_model_prints_how_to_load_the_samples_and_search_them(shell):
    up = shell.start("up", "--model", "demo")
    status, ingest, search = [shell.run(line) for line in commands_to_try(shell, up)]
    assert [(done.returncode, done.stderr) for done in (status, ingest, search)] == [(0, "")] * 3
    assert "is ready" in status.stdout
    assert "600 stored" in ingest.stdout
    assert "beach" in search.stdout
    end_by_ctrl_c(shell, up)
