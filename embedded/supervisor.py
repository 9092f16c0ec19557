"""Supervises the processes of one stack: ordered start, unlimited restarts, ordered stop that leaves no process.

No existing supervisor fits: circus and supervisord are services with control sockets and without readiness checks,
honcho does not restart.
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

from embedded.output import Output, ProcessLog
from embedded.process import end, kill_family, spawn

FIRST_DELAY = 0.5
LONGEST_DELAY = 5.0
HEALTHY_AFTER = 30.0
DEATHS_AT_START = 3
_TICK = 0.1


class StartFailedError(Exception):
    """A service did not become ready; the text holds its last lines of output."""


def _nothing() -> None:
    return None


@dataclass(frozen=True)
class Service:
    """One process to supervise. `environment` is complete and contains passwords; timeouts are in seconds."""

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
    """A service and its current process, if one runs."""

    def __init__(self, service: Service, log: ProcessLog) -> None:
        self.service = service
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.deaths = 0
        self.failures = 0
        self._started_at = 0.0
        self._start_at = 0.0

    def tend(self, now: float) -> None:
        """Reap the process if it has ended, and start it if a start is due."""
        if self.process is not None and self.process.poll() is not None:
            self._reap(self.process, now)
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
            self.log.follow(self.process.stdout)

    def _reap(self, process: subprocess.Popen[bytes], now: float) -> None:
        kill_family(process, [])  # its children share its process group
        self.deaths += 1
        if now - self._started_at >= HEALTHY_AFTER:
            self.failures = 0
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2**self.failures)
        self.failures = min(self.failures + 1, 10)
        self._start_at = now + delay
        self.process = None
        self.log.write(f"[ended with {_cause(process.returncode)}; restart in {delay:g} s]")


class Supervisor:
    """Stages start one after the other, the services within a stage together; all stop in reverse order.

    Call `start` and `watch` from threads that live until `stop`: Linux kills a child when the thread that started it
    ends.
    """

    def __init__(self, stages: Sequence[Sequence[Service]], output: Output) -> None:
        self._stages = [[_Child(service, output.log(service.name)) for service in stage] for stage in stages]
        self._tending = threading.Lock()
        self._stopping = threading.Event()
        self._stopped = threading.Event()

    def start(self) -> bool:
        """Start each stage and wait until it is ready; False if a stop was requested meanwhile.

        Stops everything and raises StartFailedError if a service does not become ready.
        """
        try:
            for number, stage in enumerate(self._stages, start=1):
                if not self._start_stage(stage, self._stages[:number]):
                    return False
        except BaseException:
            self.stop()
            raise
        return True

    def watch(self) -> None:
        """Restart processes that end, until a stop is requested."""
        while not self._stopping.wait(_TICK):
            self._tend(self._stages)

    def request_stop(self) -> None:
        """Request a stop; safe in a signal handler. `stop` does the work."""
        self._stopping.set()

    def stop(self) -> None:
        """Stop all services in reverse order; on return no process is left. May be called twice."""
        self._stopping.set()
        with self._tending:
            for stage in reversed(self._stages):
                # In threads, so that the stop timeouts of one stage run in parallel.
                threads = [threading.Thread(target=child.stop) for child in stage]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
        self._stopped.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start on entry, watch in the background, stop on exit."""
        try:
            self.start()
            threading.Thread(target=self._watch_until_stopped, name="supervisor", daemon=True).start()
            yield
        finally:
            self.stop()

    def _watch_until_stopped(self) -> None:
        self.watch()
        self._stopped.wait()  # processes that this thread restarted would die with it, out of order

    def process_ids(self) -> dict[str, int]:
        """The process id of each service that runs now."""
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
                _check_start(child, deadlines[child])
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


def _check_start(child: _Child, deadline: float) -> None:
    """Raise StartFailedError if the service has died too often or its time is up."""
    name = child.service.name
    if child.deaths >= DEATHS_AT_START:
        raise StartFailedError(
            f"{name} ended {child.deaths} times before it was ready. Its last lines:\n{child.log.last_lines}"
        )
    if time.monotonic() > deadline:
        waited = child.service.ready_timeout
        raise StartFailedError(f"{name} was not ready after {waited:g} s. Its last lines:\n{child.log.last_lines}")


def _cause(returncode: int) -> str:
    return f"signal {-returncode}" if returncode < 0 else f"exit status {returncode}"
