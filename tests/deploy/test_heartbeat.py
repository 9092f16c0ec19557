"""The heartbeat file, and the probe that reads it."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.deploy.compose import ROOT
from worker.health import problem
from worker.model.batcher import Batcher
from worker.upkeep.heartbeat import BEAT_SECONDS, Heartbeat


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr("worker.upkeep.heartbeat.time", clock)
    return clock


def test_a_worker_is_healthy_while_celerys_loop_runs_and_the_model_works(clock):
    model = [True]
    heartbeat = Heartbeat(None, lambda: model[0])
    for _ in range(100):
        clock.now += BEAT_SECONDS
        heartbeat.on_consumer_tick()
        heartbeat.on_redis_answered()
        assert heartbeat.is_healthy()
    model[0] = False
    assert not heartbeat.is_healthy()


def test_a_worker_whose_celery_loop_blocks_while_redis_answers_is_unhealthy(clock):
    heartbeat = Heartbeat(None, lambda: True)
    for _ in range(round(120 / BEAT_SECONDS)):
        clock.now += BEAT_SECONDS
        heartbeat.on_redis_answered()
    assert not heartbeat.is_healthy()
    heartbeat.on_consumer_tick()
    assert heartbeat.is_healthy()


def test_a_worker_that_waits_for_redis_is_healthy(clock):
    heartbeat = Heartbeat(None, lambda: True)
    clock.now += 3600
    assert heartbeat.is_healthy()


def test_the_file_exists_from_start_to_close(tmp_path):
    file = tmp_path / "heartbeat"
    heartbeat = Heartbeat(file, lambda: True)
    assert problem(file, time.time()) == "no heartbeat: No such file or directory"
    heartbeat.start()
    deadline = time.monotonic() + 10
    while not file.exists():
        assert time.monotonic() < deadline
    assert problem(file, time.time()) is None
    heartbeat.close()
    assert not file.exists()


def test_a_worker_that_never_became_ready_can_be_closed(tmp_path):
    Heartbeat(tmp_path / "heartbeat", lambda: True).close()
    Heartbeat(None, lambda: True).close()


@pytest.mark.parametrize(("age", "is_fresh"), [(0, True), (55, True), (65, False), (-55, True), (-65, False)])
def test_only_a_fresh_file_is_a_heartbeat_whatever_the_clock_did(tmp_path, age, is_fresh):
    file = tmp_path / "heartbeat"
    file.touch()
    os.utime(file, (5000 - age, 5000 - age))
    assert (problem(file, 5000) is None) == is_fresh


def check(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "importtime", "-m", "worker.health", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def test_the_probe_exits_0_or_1_and_imports_next_to_nothing(tmp_path):
    file = tmp_path / "heartbeat"
    missing = check(str(file))
    assert missing.returncode == 1
    assert "no heartbeat" in missing.stderr
    file.touch()
    found = check(str(file))
    assert found.returncode == 0
    loaded = {line.rpartition("|")[2].strip() for line in found.stderr.splitlines()}
    assert loaded & {"torch", "celery", "redis", "pydantic", "shared", "shared.settings"} == set()
    assert check().returncode == 1


class StuckEncoder:
    """A model whose driver hangs until `let_go` is set."""

    name, dimension, batch_size, text_batch_size, passes, edge = "stuck", 2, 1, 1, 1, 1
    has_thread_per_pass = False

    def __init__(self) -> None:
        self.let_go = threading.Event()

    def encode_images(self, pixels: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        raise NotImplementedError

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        assert self.let_go.wait(30)
        return np.ones((len(texts), self.dimension), np.float32)


def test_a_model_that_hangs_does_not_work_and_one_that_comes_back_does(monkeypatch):
    encoder = StuckEncoder()
    batcher = Batcher(encoder)
    assert batcher.works()
    answer = batcher.submit_text("x")
    monkeypatch.setattr("worker.model.batcher._STUCK_SECONDS", 0.05)
    deadline = time.monotonic() + 10
    while batcher.works():
        assert time.monotonic() < deadline
    encoder.let_go.set()
    answer.result(10)
    while not batcher.works():
        assert time.monotonic() < deadline
    batcher.close()
    assert not batcher.works()
