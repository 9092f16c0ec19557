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

    def demo(self, *options: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-u", LICHTBILD, "demo", *options],
            env={**self._environment, "PYTHONPATH": str(Path(__file__).parents[1])},
            cwd=self.home,
            # A shell starts what it runs in the background with SIGINT ignored, and that would be inherited.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, line: str) -> "subprocess.CompletedProcess[str]":
        """A line that the demo told its user to type."""
        given = {"env": self._environment, "cwd": self.home, "timeout": 60, "check": False}
        return subprocess.run(shlex.split(line), capture_output=True, text=True, **given)

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
    demo = shell.demo()
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
        demo = shell.demo()
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


def test_a_demo_that_is_kept_stays_up_with_its_photos_until_ctrl_c(shell):
    demo = shell.demo("--keep")
    read_until(demo, "In another terminal, try:")
    lines = []
    while line := demo.stdout.readline().strip():
        lines.append(line)
    said = [shell.run(line) for line in lines]
    assert len(said) == 3
    assert [(done.returncode, done.stderr) for done in said] == [(0, "")] * 3
    assert "photos         600" in said[0].stdout
    assert "scene-" in said[1].stdout
    with Image.open(shell.home / "hits.png") as sheet:
        assert sheet.width > 100
    assert "photo_id     scene-" in said[2].stdout

    demo.send_signal(signal.SIGINT)
    demo.communicate(timeout=60)
    assert demo.returncode == 0
    assert shell.running() == []
