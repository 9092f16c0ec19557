"""`lichtbild demo`, as a newcomer runs it: from the real command to the contact sheet, and nothing left running."""

import os
import re
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

pytestmark = pytest.mark.timeout(400)


LICHTBILD = Path(sys.executable).with_name("lichtbild")


class Shell:
    """A newcomer's empty home, and every process that was ever started from it."""

    def __init__(self, home: Path) -> None:
        self._mark = secrets.token_hex(8)
        self.home = home
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TMPDIR": str(home), "MARK": self._mark}

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-u", LICHTBILD, *arguments],
            env={**self._environment, "PYTHONPATH": str(Path(__file__).parents[1])},
            cwd=self.home,
            # A shell starts what it runs in the background with SIGINT ignored, and that would be inherited.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, line: str) -> "subprocess.CompletedProcess[str]":
        """A line that the user was told to type."""
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
    return Shell(tmp_path_factory.mktemp("home"))


def read_until(process: "subprocess.Popen[str]", words: str) -> str:
    read = ""
    for line in process.stdout or ():
        read += line
        if words in line:
            return read
    raise AssertionError(f"it ended without saying {words!r}:\n{read}")


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
    """Of a whole run, with the usual port taken by somebody else."""
    with socket.socket() as somebody:
        try:
            somebody.bind(("127.0.0.1", 8700))
            somebody.listen()
        except OSError:
            pass  # It is taken already, which is all that is wanted.
        demo = shell.start("demo")
        said, _ = demo.communicate(timeout=350)
    assert demo.returncode == 0, said
    return said


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


def told(process: "subprocess.Popen[str]") -> list[str]:
    """The three lines that a stack that stays tells its user to type; logs may stand between them."""
    read_until(process, "In another terminal, try:")
    lines: list[str] = []
    while len(lines) < 3:
        line = process.stdout.readline()
        assert line, lines
        if line.startswith(f"  {LICHTBILD} "):
            lines.append(line)
    return lines


def end_by_ctrl_c(shell: Shell, process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 0
    assert shell.running() == []


def test_a_demo_that_is_kept_stays_up_with_its_photos_until_ctrl_c(shell):
    demo = shell.start("demo", "--keep")
    status, search, photos = [shell.run(line) for line in told(demo)]
    assert [(done.returncode, done.stderr) for done in (status, search, photos)] == [(0, "")] * 3
    assert "photos         600" in status.stdout
    assert "scene-" in search.stdout
    with Image.open(shell.home / "hits.png") as sheet:
        assert sheet.width > 100
    assert "photo_id     scene-" in photos.stdout
    end_by_ctrl_c(shell, demo)


def test_up_with_the_demo_model_tells_how_to_load_the_samples_and_search_them(shell):
    up = shell.start("up", "--model", "demo")
    status, ingest, search = [shell.run(line) for line in told(up)]
    assert [(done.returncode, done.stderr) for done in (status, ingest, search)] == [(0, "")] * 3
    assert "is ready" in status.stdout
    assert "600 stored" in ingest.stdout
    assert "beach" in search.stdout
    end_by_ctrl_c(shell, up)
