"""Keeps the processes of one stack alive: ordered start, restart for ever, ordered stop with none left behind.

Written here because what exists does not fit: circus and supervisord are services of their own with their own control
sockets and know no readiness, honcho does not restart.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from embedded.output import Output, Voice
from embedded.process import end, kill_family, spawn

FIRST_DELAY = 0.5
LONGEST_DELAY = 5.0
HEALTHY_AFTER = 30.0
DEATHS_AT_START = 3
_TICK = 0.1


class StartFailedError(Exception):
    """A service did not come up; the text holds the last lines it wrote."""


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Service:
    """One process to keep alive; the environment is whole, and holds passwords."""

    name: str
    command: Sequence[str]
    is_ready: Callable[[], bool]
    environment: Mapping[str, str] = field(repr=False)
    ready_timeout: float = 60.0
    stop_timeout: float = 10.0
    before_start: Callable[[], None] = _nothing
    folder: Path | None = None
    descriptors: Sequence[int] = ()


class _Child:
    """A service and its present process, if it has one."""

    def __init__(self, service: Service, voice: Voice) -> None:
        self.service = service
        self.voice = voice
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths = 0
        self.failures = 0
        self._started_at = 0.0
        self._start_at = 0.0

    def tend(self, now: float) -> None:
        """Starts it if it is due, and notes its end if it died."""
        if self.process is not None and self.process.poll() is not None:
            self._bury(self.process, now)
        if self.process is None and now >= self._start_at:
            self._start(now)

    def stop(self) -> None:
        if self.process is not None:
            end(self.process, self.service.stop_timeout)
            self.process = None

    def _start(self, now: float) -> None:
        service = self.service
        service.before_start()
        self.process = spawn(service.command, service.environment, subprocess.PIPE, service.folder, service.descriptors)
        self._started_at = now
        if self.process.stdout is not None:
            self.voice.follow(self.process.stdout)

    def _bury(self, process: subprocess.Popen[bytes], now: float) -> None:
        kill_family(process, [])  # its own children, which share its process group
        self.deaths += 1
        if now - self._started_at >= HEALTHY_AFTER:
            self.failures = 0
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2**self.failures)
        self.failures = min(self.failures + 1, 10)
        self._start_at = now + delay
        self.process = None
        self.voice.say(f"[ended with {_cause(process.returncode)}; starts again in {delay:g} s]")


class Supervisor:
    """`stages` start one after the other, the services within one together; all stop in the reverse order.

    Call `start` and `watch` from threads that live until `stop`: Linux ends a child with the thread that started it.
    """

    def __init__(self, stages: Sequence[Sequence[Service]], output: Output) -> None:
        self._stages = [[_Child(service, output.voice(service.name)) for service in stage] for stage in stages]
        self._tending = threading.Lock()
        self._stopping = threading.Event()
        self._stopped = threading.Event()

    def start(self) -> bool:
        """Waits for each stage to be ready; False if it was asked to stop meanwhile. Stops everything if it fails."""
        try:
            for number, stage in enumerate(self._stages, start=1):
                if not self._start_stage(stage, self._stages[:number]):
                    return False
        except BaseException:
            self.stop()
            raise
        return True

    def watch(self) -> None:
        """Blocks, restarting what dies, until it is asked to stop."""
        while not self._stopping.wait(_TICK):
            self._tend(self._stages)

    def ask_to_stop(self) -> None:
        """Only notes it, so that a signal handler may call it; `stop` does the work."""
        self._stopping.set()

    def stop(self) -> None:
        """Stops all in reverse order; on return no process is left. May be called twice."""
        self._stopping.set()
        with self._tending:
            for stage in reversed(self._stages):
                # In threads, so that services of one stage share their patience instead of adding it up.
                threads = [threading.Thread(target=child.stop) for child in stage]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
        self._stopped.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Started on entry, watched in the background, stopped on exit."""
        try:
            self.start()
            threading.Thread(target=self._watch_until_stopped, name="supervisor", daemon=True).start()
            yield
        finally:
            self.stop()

    def _watch_until_stopped(self) -> None:
        self.watch()
        self._stopped.wait()  # what this thread has restarted would die with it, out of order

    def process_ids(self) -> dict[str, int]:
        """Who runs at this moment."""
        children = chain.from_iterable(self._stages)
        return {child.service.name: child.process.pid for child in children if child.process is not None}

    def _start_stage(self, stage: list[_Child], started: list[list[_Child]]) -> bool:
        waiting = list(stage)
        deadlines = {child: time.monotonic() + child.service.ready_timeout for child in stage}
        while waiting:
            if self._stopping.is_set():
                return False
            self._tend(started)
            for child in waiting:
                _fail_if_hopeless(child, deadlines[child])
            waiting = [child for child in waiting if child.process is None or not child.service.is_ready()]
            if waiting:
                self._stopping.wait(_TICK)
        return True

    def _tend(self, stages: list[list[_Child]]) -> None:
        with self._tending:
            if self._stopping.is_set():
                return
            for child in chain.from_iterable(stages):
                child.tend(time.monotonic())


def _fail_if_hopeless(child: _Child, deadline: float) -> None:
    name = child.service.name
    if child.deaths >= DEATHS_AT_START:
        raise StartFailedError(
            f"{name} ended {child.deaths} times before it was ready. It said:\n{child.voice.last_lines}"
        )
    if time.monotonic() > deadline:
        waited = child.service.ready_timeout
        raise StartFailedError(f"{name} was not ready after {waited:g} s. It said:\n{child.voice.last_lines}")


def _cause(returncode: int) -> str:
    return f"signal {-returncode}" if returncode < 0 else f"exit status {returncode}"
