"""The supervisor with real processes that are killed."""

import os
import signal
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from embedded import supervisor as module
from embedded.output import Output
from embedded.supervisor import Service, StartFailedError, Supervisor
from tests.embedded.supervised_programs import BROKEN, OBEDIENT, PARENT, STUBBORN, alive, lines, wait_for


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


def test_a_killed_process_is_restarted_and_still_stopped_by_sigterm(
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


def test_the_restart_delay_doubles_up_to_5_seconds_and_30_healthy_seconds_reset_it(
    make: Callable[..., Service], output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    delays = []
    child = module._Child(make("a", "raise SystemExit(1)"), output.log("a"))

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


def test_a_service_that_cannot_start_is_named_with_its_last_lines(
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


def test_a_process_that_ignores_sigterm_is_killed(make: Callable[..., Service], output: Output) -> None:
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


def test_before_start_runs_before_every_start(make: Callable[..., Service], output: Output, tmp_path: Path) -> None:
    (tmp_path / "a").touch()  # left by an earlier run
    supervisor = Supervisor([[make("a", before_start=lambda: (tmp_path / "a").unlink(missing_ok=True))]], output)

    with supervisor.running():
        assert lines(tmp_path / "started") == ["a"]


def test_secrets_of_the_environment_are_in_no_repr(make: Callable[..., Service]) -> None:
    made = make("a")
    secret = Service(made.name, made.command, made.is_ready, {"LICHTBILD_REDIS_URL": "redis://:hunter2@x"})

    assert "hunter2" not in repr(secret)
