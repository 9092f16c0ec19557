"""Measured, not guessed: which precision and batch sizes are chosen, and that neighbours measure once."""

import json
import threading
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import torch

from shared.settings import Settings
from tests.stack import wait_for
from worker.model import tuning
from worker.model.encoder import ClipEncoder, Plan, TowerPlan
from worker.model.tuning import Tuner, tune
from worker.model.tuning_cache import TuningCache
from worker.model.tuning_choice import Measurements, Timing, choose


def measured(images: dict[tuple[str, int], float]) -> Measurements:
    """Images per second by dtype and batch; texts are all the same."""
    texts = (Timing("texts", "float32", 1, 0.01), Timing("texts", "float32", 8, 0.08))
    pictures = (Timing("images", dtype, size, size / rate) for (dtype, size), rate in images.items())
    return Measurements((*pictures, *texts), is_steady=True)


@pytest.mark.parametrize(
    ("rates", "bulk", "queries"),
    [
        pytest.param(
            {("float32", 1): 10, ("float32", 8): 17, ("bfloat16", 1): 4, ("bfloat16", 8): 27, ("bfloat16", 16): 31},
            TowerPlan("bfloat16", 16),
            TowerPlan("float32", 8),
            id="a processor whose bfloat16 pays only in batches",
        ),
        pytest.param(
            {("float32", 1): 18, ("float32", 8): 32, ("bfloat16", 1): 36, ("bfloat16", 8): 107, ("bfloat16", 16): 108},
            TowerPlan("bfloat16", 8),
            TowerPlan("bfloat16", 8),
            id="the smallest batch that is about as good",
        ),
        pytest.param(
            {("float32", 1): 20, ("float32", 8): 30, ("bfloat16", 1): 20.5, ("bfloat16", 8): 31},
            TowerPlan("float32", 8),
            TowerPlan("float32", 8),
            id="a gain like noise is not worth coarser vectors",
        ),
        pytest.param(
            {("float32", 1): 20, ("float32", 8): 30, ("bfloat16", 1): 50},
            TowerPlan("float32", 8),
            TowerPlan("float32", 8),
            id="a dtype for whose batches no time was left",
        ),
        pytest.param(
            {("float32", 1): 1, ("bfloat16", 1): 2},
            TowerPlan("bfloat16", 8),
            TowerPlan("bfloat16", 8),
            id="a model too slow for batches to be measured",
        ),
        pytest.param(
            {("float32", 1): 200, ("float32", 8): 30},
            TowerPlan("float32", 8),
            TowerPlan("float32", 8),
            id="other load during the batch",
        ),
    ],
)
def test_throughput_chooses_the_fastest_batch_and_latency_the_fastest_single_input(rates, bulk, queries):
    assert choose(measured(rates), "throughput").images == bulk
    assert choose(measured(rates), "latency").images == queries


@dataclass
class Machine:
    """A fake encoder with a clock of its own: a pass advances `now` by `seconds(dtype, batch size)`."""

    seconds: Callable[[str, int], float]
    blur: float = 0.0
    fits: int = 10**6
    threads: int = 1
    passes: int = 1
    edge: int = 8
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    now: float = 0.0
    dtype: str = "float32"

    def prepare(self, image):
        return np.asarray(image)

    @contextmanager
    def trial(self, _kind, dtype):
        before, self.dtype = self.dtype, dtype
        yield
        self.dtype = before

    @contextmanager
    def passes_side_by_side(self, passes):
        self.passes = passes
        yield
        self.passes = 1

    def encode_images(self, inputs):
        if len(inputs) > self.fits:
            raise RuntimeError("DefaultCPUAllocator: not enough memory")
        self.now += self.seconds(self.dtype, len(inputs)) / self.passes
        angle = 0.0 if self.dtype == "float32" else self.blur
        return np.tile(np.array([np.cos(angle), np.sin(angle)], np.float32), (len(inputs), 1))

    encode_texts = encode_images


def measure(machine: Machine, **fixed: object) -> Measurements:
    return Tuner(machine, Settings(**fixed), clock=lambda: machine.now).measure()


def test_batches_grow_while_they_gain_in_the_fastest_dtype():
    machine = Machine(lambda dtype, size: (0.010 if dtype == "float32" else 0.004) * size + 0.05)
    found = measure(machine)
    sizes = {"float32": {1, 8}, "bfloat16": {1, 8, 16, 32, 64}}
    for dtype, expected in sizes.items():
        assert {t.batch_size for t in found.timings if (t.kind, t.dtype) == ("images", dtype)} == expected
    assert found.is_steady
    assert choose(found, "throughput").images.dtype == "bfloat16"


@pytest.mark.parametrize(("strength", "passes"), [(0.8, 4), (1.05, 4), (1.5, 1)])
def test_throughput_chooses_one_pass_per_thread_unless_a_single_pass_is_faster(strength, passes):
    """`strength`: the speed of one pass of four threads relative to four concurrent passes."""
    machine = Machine(lambda _, __: 0.0, threads=4)
    machine.seconds = lambda _, size: 0.01 * size * (machine.passes if machine.passes > 1 else 1 / strength)
    found = measure(machine)
    assert choose(found, "throughput").passes == passes
    assert choose(found, "latency").passes == 1


def test_a_dtype_with_inaccurate_vectors_is_not_used():
    found = measure(Machine(lambda dtype, _: 0.1 if dtype == "float32" else 0.01, blur=0.05))
    assert {timing.dtype for timing in found.timings} == {"float32"}
    found = measure(Machine(lambda dtype, _: 0.1 if dtype == "float32" else 0.01, blur=0.04))
    assert choose(found, "throughput").images.dtype == "bfloat16"


@pytest.mark.parametrize("pace", [0.01, 0.05, 0.1, 0.5, 1.0])
def test_measuring_keeps_its_time_limit_on_slow_machines(pace):
    def emulated(dtype: str, size: int) -> float:
        return pace * (0.3 + 0.7 * size) * (20 if dtype == "bfloat16" else 1)

    machine = Machine(lambda dtype, size: pace * (0.3 + 0.5 * size) * (0.6 if dtype == "bfloat16" else 1))
    measure(machine)
    assert machine.now <= 15
    machine = Machine(emulated)
    assert choose(measure(machine), "throughput").images.dtype == "float32"


def test_a_batch_that_exceeds_memory_is_the_last_one_measured():
    found = measure(Machine(lambda _, size: 0.001 * size + 0.1, fits=20))
    assert max(timing.batch_size for timing in found.timings) == 16


def test_a_configured_dtype_or_batch_size_is_not_varied():
    found = measure(Machine(lambda _, size: 0.001 * size + 0.1), batch_size=4)
    assert {(timing.dtype, timing.batch_size) for timing in found.timings} == {("float32", 4), ("bfloat16", 4)}
    found = measure(Machine(lambda _, size: 0.001 * size + 0.1), dtype="bfloat16")
    assert {timing.dtype for timing in found.timings} == {"bfloat16"}


def test_a_machine_that_slows_down_during_the_measurement_is_not_steady():
    machine = Machine(lambda _, __: 0.1)
    machine.seconds = lambda _, __: 0.1 if machine.now < 2 else 0.3
    assert not measure(machine).is_steady


def test_a_tuned_encoder_adopts_its_plan_and_logs_it_once(tiny_model, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(tuning, "_WORTH_PARAMETERS", 0)
    settings = Settings(model=str(tiny_model), tuning_folder=str(tmp_path))
    encoder = ClipEncoder(settings)
    with caplog.at_level("INFO"):
        tune(encoder, settings, "throughput")
    assert len([record for record in caplog.records if "images in" in record.message]) == 1
    assert encoder.facts()["batch_size"] == encoder.batch_size == encoder.plan.images.batch_size
    assert encoder.facts()["text_batch_size"] == encoder.text_batch_size
    assert np.isfinite(encoder.encode_texts(["a dog"])).all()


def test_a_small_model_is_not_measured(tiny_model, tmp_path):
    folder = tmp_path / "tuning"
    settings = Settings(model=str(tiny_model), tuning_folder=str(folder))
    encoder = ClipEncoder(settings)
    tune(encoder, settings, "throughput")
    assert encoder.plan == Plan(TowerPlan("float32", 8), TowerPlan("float32", 8))
    assert not folder.exists()


def test_nothing_is_measured_if_dtype_and_batch_size_are_configured(tiny_model, tmp_path):
    folder = tmp_path / "tuning"
    settings = Settings(model=str(tiny_model), dtype="bfloat16", batch_size=3, tuning_folder=str(folder))
    encoder = ClipEncoder(settings)
    tune(encoder, settings, "throughput")
    assert encoder.plan == Plan(TowerPlan("bfloat16", 3), TowerPlan("bfloat16", 3))
    assert not folder.exists()


@pytest.mark.parametrize("kind", ["images", "texts"])
def test_a_trial_restores_the_weights(tiny_model, kind):
    encoder = ClipEncoder(Settings(model=str(tiny_model), dtype="float32", batch_size=8))
    pixels = [np.full((32, 32, 3), 90, np.uint8)]
    before = encoder.encode_images(pixels), encoder.encode_texts(["a dog"])
    with encoder.trial(kind, "bfloat16"):
        within = encoder.encode_images(pixels), encoder.encode_texts(["a dog"])
    after = encoder.encode_images(pixels), encoder.encode_texts(["a dog"])
    assert np.array_equal(before[0], after[0])
    assert np.array_equal(before[1], after[1])
    changed = 0 if kind == "images" else 1
    assert not np.array_equal(before[changed], within[changed])
    assert np.array_equal(before[1 - changed], within[1 - changed])


def cache(folder: Path) -> TuningCache[list[int]]:
    return TuningCache(str(folder), list[int], lambda found: found != [0])


def test_workers_that_start_together_measure_once(tmp_path):
    asked: list[int] = []
    made: list[int] = []

    def make() -> list[int]:
        made.append(1)
        wait_for(lambda: len(asked) == 6, "all six to ask")
        return [7]

    answers: list[list[int]] = []

    def ask() -> None:
        asked.append(1)
        answers.append(cache(tmp_path).read_or_make({"model": "m"}, make))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(made), answers) == (1, [[7]] * 6)


def test_each_fingerprint_has_its_own_measurement(tmp_path):
    assert cache(tmp_path).read_or_make({"model": "m", "threads": "2"}, lambda: [2]) == [2]
    assert cache(tmp_path).read_or_make({"model": "m", "threads": "4"}, lambda: [4]) == [4]
    assert cache(tmp_path).read_or_make({"model": "m", "threads": "2"}, lambda: [9]) == [2]


@pytest.mark.parametrize("content", [b"", b"{", b'{"timings": 3}', b"\xff\xfe", json.dumps(["x"]).encode()])
def test_an_invalid_cache_file_is_replaced(tmp_path, content):
    cache(tmp_path).read_or_make({"model": "m"}, lambda: [1])
    (path,) = tmp_path.glob("*.json")
    path.write_bytes(content)
    assert cache(tmp_path).read_or_make({"model": "m"}, lambda: [2]) == [2]
    assert cache(tmp_path).read_or_make({"model": "m"}, lambda: [3]) == [2]


def test_an_unusable_folder_costs_repeated_measuring(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert cache(tmp_path / "file").read_or_make({"model": "m"}, lambda: [1]) == [1]
    assert cache(tmp_path / "file").read_or_make({"model": "m"}, lambda: [2]) == [2]


def test_measurements_of_a_busy_machine_are_not_cached(tmp_path):
    assert cache(tmp_path).read_or_make({"model": "m"}, lambda: [0]) == [0]
    assert cache(tmp_path).read_or_make({"model": "m"}, lambda: [5]) == [5]
