"""The supervisor in a process of its own, as in `lichtbild up`: signals and SIGKILL leave no process behind."""

import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.embedded.supervised_programs import OBEDIENT, PARENT, alive, lines, wait_for

HOST = """
    import os, sys, textwrap, signal
    from pathlib import Path
    from embedded.output import Output
    from embedded.supervisor import Service, Supervisor
    folder, program, ready = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "ready"
    def service(name):
        command = [sys.executable, "-c", program, name, str(folder)]
        return Service(name, command, (folder / name).exists if ready else lambda: False, dict(os.environ))
    supervisor = Supervisor([[service("a")], [service("b")]], Output(folder / "logs", None))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: supervisor.request_stop())
    if supervisor.start():
        (folder / "up").touch()
        supervisor.watch()
    supervisor.stop()
    print("stopped")
"""


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started = []

    def start(program: str = PARENT, ready: str = "ready") -> subprocess.Popen[str]:
        command = [sys.executable, "-c", textwrap.dedent(HOST), str(tmp_path), textwrap.dedent(program), ready]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_kill_9_of_the_supervisor_leaves_no_children(
    host: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = host(OBEDIENT)
    wait_for((tmp_path / "up").exists, "the stack")
    children = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    assert len(children) == 2

    process.kill()

    wait_for(lambda: not any(map(alive, children)), "the end of the children", 5)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_everything(
    host: Callable[..., subprocess.Popen[str]], tmp_path: Path, number: signal.Signals
) -> None:
    process = host()
    wait_for((tmp_path / "up").exists, "the stack")
    wait_for(lambda: (tmp_path / "b.child").exists() and (tmp_path / "b.child").read_text(), "the grandchild")
    family = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]
    assert len(family) == 4

    process.send_signal(number)

    assert process.wait(15) == 0
    assert lines(tmp_path / "stopped") == ["b", "a"]
    assert not any(map(alive, family))


def test_sigterm_during_the_start_stops_what_is_up(host: Callable[..., subprocess.Popen[str]], tmp_path: Path) -> None:
    process = host(OBEDIENT, "never ready")
    wait_for((tmp_path / "a").exists, "the first service")
    family = [child.pid for child in psutil.Process(process.pid).children(recursive=True)]

    process.terminate()

    assert process.wait(15) == 0
    assert lines(tmp_path / "stopped") == ["a"]
    assert not any(map(alive, family))
