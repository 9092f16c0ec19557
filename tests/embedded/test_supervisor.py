"""The supervisor with real processes that get killed."""

import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from embedded import supervisor as module
from embedded.output import Output
from embedded.supervisor import Service, StartFailedError, Supervisor

# Says so in a file when it is ready, and when it was told to stop.
OBEDIENT = """
    import pathlib, signal, sys, time
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    def stop(*_):
        with (folder / "stopped").open("a") as file:
            file.write(name + "\\n")
        sys.exit(0)
    signal.signal(signal.SIGTERM, stop)
    with (folder / "started").open("a") as file:
        file.write(name + "\\n")
    (folder / name).touch()
    print(name, "is up", flush=True)
    time.sleep(600)
"""
STUBBORN = OBEDIENT.replace("signal.signal(signal.SIGTERM, stop)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
# Has a child of its own, as gunicorn has.
PARENT = OBEDIENT.replace("pathlib, ", "pathlib, subprocess, ").replace(
    "    print(name",
    '    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])\n'
    '    (folder / (name + ".child")).write_text(str(child.pid))\n    print(name',
)
BROKEN = "print('the model is missing: set LICHTBILD_MODEL'); raise SystemExit(3)"


def wait_for(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


@pytest.fixture
def output(tmp_path: Path) -> Iterator[Output]:
    made = Output(tmp_path / "logs", None)
    yield made
    made.close()


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Service]:
    def service(name: str, program: str = OBEDIENT, **options: object) -> Service:
        return Service(
            name,
            [sys.executable, "-c", textwrap.dedent(program), name, str(tmp_path)],
            is_ready=(tmp_path / name).exists,
            environment=dict(os.environ),
            **{"stop_timeout": 5.0, **options},
        )

    return service


def test_stages_start_in_order_and_stop_in_reverse(
    make: Callable[..., Service], output: Output, tmp_path: Path
) -> None:
    supervisor = Supervisor([[make("a")], [make("b")], [make("c"), make("d")]], output)

    with supervisor.running():
        pids = supervisor.process_ids()
        assert lines(tmp_path / "started")[:2] == ["a", "b"]
        assert set(pids) == {"a", "b", "c", "d"}

    stopped = lines(tmp_path / "stopped")
    assert set(stopped[:2]) == {"c", "d"}
    assert stopped[2:] == ["b", "a"]
    assert not any(map(alive, pids.values()))


def test_what_is_killed_comes_back_and_is_still_stopped_gently(
    make: Callable[..., Service], output: Output, tmp_path: Path
) -> None:
    supervisor = Supervisor([[make("a"), make("b")]], output)

    with supervisor.running():
        before = supervisor.process_ids()
        os.kill(before["a"], signal.SIGKILL)
        wait_for(lambda: lines(tmp_path / "started").count("a") == 2, "a second start")
        after = supervisor.process_ids()

    assert after["a"] != before["a"]
    assert after["b"] == before["b"]
    assert sorted(lines(tmp_path / "stopped")) == ["a", "b"]
    assert "signal 9" in (tmp_path / "logs" / "a.log").read_text()


def test_the_back_off_grows_to_its_bound_and_health_resets_it(
    make: Callable[..., Service], output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    delays = []
    child = module._Child(make("a", "raise SystemExit(1)"), output.voice("a"))

    def die_after(seconds: float) -> None:
        child.tend(clock[0])
        assert child.process is not None
        child.process.wait()
        clock[0] += seconds
        child.tend(clock[0])
        delays.append(child._start_at - clock[0])
        clock[0] = child._start_at

    for seconds in [0, 0, 0, 0, 0, 0, 29, 31, 0]:
        die_after(seconds)

    assert delays == [0.5, 1, 2, 4, 5, 5, 5, 0.5, 1]


def test_a_service_that_cannot_start_is_named_with_its_last_words(
    make: Callable[..., Service], output: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FIRST_DELAY", 0.05)
    supervisor = Supervisor([[make("a")], [make("broken", BROKEN)]], output)

    with pytest.raises(StartFailedError, match=r"broken ended 3 times(.|\n)*set LICHTBILD_MODEL"):
        supervisor.start()

    assert supervisor.process_ids() == {}
    assert lines(tmp_path / "stopped") == ["a"]


def test_a_service_that_never_gets_ready_fails_the_start(make: Callable[..., Service], output: Output) -> None:
    never = make("a", ready_timeout=0.5)
    supervisor = Supervisor([[Service(never.name, never.command, lambda: False, never.environment, 0.5)]], output)

    with pytest.raises(StartFailedError, match=r"a was not ready after 0.5 s"):
        supervisor.start()

    assert supervisor.process_ids() == {}


def test_one_that_ignores_sigterm_is_killed(make: Callable[..., Service], output: Output) -> None:
    supervisor = Supervisor([[make("a", STUBBORN, stop_timeout=0.3)]], output)

    with supervisor.running():
        pid = supervisor.process_ids()["a"]

    assert not alive(pid)


@pytest.mark.parametrize("killed", [True, False])
def test_no_grandchild_is_left_behind(
    make: Callable[..., Service], output: Output, tmp_path: Path, killed: bool
) -> None:
    supervisor = Supervisor([[make("a", PARENT)]], output)
    child = tmp_path / "a.child"

    with supervisor.running():
        wait_for(lambda: child.exists() and child.read_text(), "the grandchild")
        grandchild = int(child.read_text())
        assert alive(grandchild)
        if killed:
            os.kill(supervisor.process_ids()["a"], signal.SIGKILL)
            wait_for(lambda: not alive(grandchild), "the grandchild's end")

    assert not alive(grandchild)


def test_what_must_be_forgotten_is_forgotten_before_every_start(
    make: Callable[..., Service], output: Output, tmp_path: Path
) -> None:
    (tmp_path / "a").touch()  # left by an earlier run
    supervisor = Supervisor([[make("a", before_start=lambda: (tmp_path / "a").unlink(missing_ok=True))]], output)

    with supervisor.running():
        assert lines(tmp_path / "started") == ["a"]


def test_secrets_of_the_environment_are_in_no_repr(make: Callable[..., Service]) -> None:
    made = make("a")
    secret = Service(made.name, made.command, made.is_ready, {"LICHTBILD_REDIS_URL": "redis://:hunter2@x"})

    assert "hunter2" not in repr(secret)


def test_lines_carry_the_name_of_who_said_them_and_are_kept_in_files(tmp_path: Path) -> None:
    terminal = io.StringIO()
    output = Output(tmp_path, terminal)
    output.voice("search-1")
    read, write = os.pipe()

    thread = output.voice("api").follow(os.fdopen(read, "rb"))
    os.write(write, b"one\ntw\xffo\nthree")
    os.close(write)
    thread.join()
    output.close()

    assert terminal.getvalue() == "api      | one\napi      | tw\ufffdo\napi      | three\n"
    assert (tmp_path / "api.log").read_text() == "one\ntw\ufffdo\nthree\n"


def test_log_files_stay_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("embedded.output._FILE_BYTES", 1000)
    output = Output(tmp_path, None)

    for number in range(1000):
        output.voice("a").say(f"line {number}")
    output.close()

    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2000
    assert (tmp_path / "a.log").read_text().endswith("line 999\n")


# From here on the supervisor is a process of its own, as `lichtbild up` is.

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
        signal.signal(number, lambda *_: supervisor.ask_to_stop())
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
