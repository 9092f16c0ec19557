"""Measures at start which precision and batch sizes are fastest; workers of one machine share the result."""

import hashlib
import logging
import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from shared.settings import Settings
from worker.model.device import is_out_of_memory, release_memory
from worker.model.encoder import ClipEncoder, Plan, TowerPlan
from worker.model.loader import KINDS, Kind
from worker.model.tuning_cache import TuningCache
from worker.model.tuning_samples import SAMPLE_TEXTS, sample_pictures

log = logging.getLogger(__name__)

Aim = Literal["throughput", "latency"]

# Smaller models are always fast enough: tuning would take longer than it saves. The demo model has 2 M.
_WORTH_PARAMETERS = 10_000_000
# Minimum cosine of a lower precision's vectors with float32's for automatic use.
NEAR = 0.999
# Minimum speed-up of a lower precision or a larger batch; less is noise.
_GAIN = 1.05
# Time limits: together at most 14 s, a little less than the 15 s that tuning may add to a start; and at most
# `_BUDGET_INPUTS` times the time of one input.
_BUDGET_SECONDS: dict[Kind, float] = {"images": 7.0, "texts": 4.0}
_BUDGET_PASSES_SECONDS = 3.0
_BUDGET_INPUTS = 80
# Larger batches in a row without a gain before the search ends; one may be due to other load.
_MISSES = 2
# Parallel passes with one thread each are chosen from this share of the speed of one pass with all threads. Threads
# that share a pass wait for the slowest, and in a worker one of them is always delayed by decoding on its core.
_WORTH_PASSES = 0.9
# Number of pictures, and of texts, whose vectors are compared.
_COMPARED = 6
# If the first and last timing of the same pass differ by more than this factor, the machine was busy: do not cache.
_STEADY = 1.5
# A dtype that is this many times slower than float32 for one input is emulated: not measured further.
_HOPELESS = 4.0
# Runs per measurement, after a warm-up run: more if they are short, fewer if they are long.
_LONG_SECONDS = 0.4
_SHORT_SECONDS = 0.05
_RUNS = 3
# First and last batch size of the search. A larger batch would take longer to fill, and a query that arrives meanwhile
# waits for the whole batch.
_UNMEASURED_BATCH = 8
_FIRST_BATCH = {"cpu": 8, "cuda": 64}
_MOST_BATCH = {"cpu": 64, "cuda": 512}


@dataclass(frozen=True)
class Timing:
    """The shortest time of one forward pass, from prepared inputs to vectors in main memory; with several `passes`, of
    one round of parallel passes."""

    kind: Kind
    dtype: str
    batch_size: int
    seconds: float
    passes: int = 1

    @property
    def per_second(self) -> float:
        return self.passes * self.batch_size / self.seconds


@dataclass(frozen=True)
class Measurements:
    """All timings of one machine, only of dtypes whose vectors are close to float32's."""

    timings: tuple[Timing, ...]
    is_steady: bool


def tune(encoder: ClipEncoder, settings: Settings, aim: Aim) -> None:
    """Let the encoder adopt the fastest plan for the aim. Values that are set explicitly are not measured."""
    if settings.dtype != "auto" and settings.batch_size != "auto":
        _log_plan(encoder, "as set")
        return
    if encoder.parameters() < _WORTH_PARAMETERS:
        _log_plan(encoder, "not measured: small model")
        return
    started = time.perf_counter()
    cache = TuningCache(settings.tuning_folder, Measurements, lambda measurements: measurements.is_steady)
    measurements = cache.read_or_make(_fingerprint(encoder, settings), Tuner(encoder, settings).measure)
    encoder.adopt(choose(measurements, aim))
    seconds = time.perf_counter() - started
    _log_plan(
        encoder, f"for {aim}, measured in {seconds:.1f} s{'' if measurements.is_steady else ' on a busy machine'}"
    )


def choose(measurements: Measurements, aim: Aim) -> Plan:
    """The fastest plan in bulk or, for queries, for one input, with the smallest batch that is about as fast."""
    single = [timing for timing in measurements.timings if timing.passes == 1]
    images, texts = (_choose_tower([timing for timing in single if timing.kind == kind], aim) for kind in KINDS)
    if aim == "latency":
        return Plan(images, texts)
    alone = max(timing.per_second for timing in single if timing.kind == "images" and timing.dtype == images.dtype)
    for parallel in measurements.timings:
        if parallel.passes > 1 and parallel.dtype == images.dtype and parallel.per_second >= alone * _WORTH_PASSES:
            return Plan(TowerPlan(parallel.dtype, parallel.batch_size), texts, parallel.passes)
    return Plan(images, texts)


def _choose_tower(timings: Sequence[Timing], aim: Aim) -> TowerPlan:
    """Ties go to the first measurement, which is float32.

    Batch size 1 measures a single query. It is never chosen as the maximum: if it was faster than the first batch, the
    machine was busy.
    """
    smallest = min(timing.batch_size for timing in timings)
    singles = [timing for timing in timings if timing.batch_size == smallest]
    batches = [timing for timing in timings if timing.batch_size > smallest]
    if not batches:
        best = _fastest(singles)
        return TowerPlan(best.dtype, best.batch_size if best.batch_size > 1 else _UNMEASURED_BATCH)
    dtypes = {timing.dtype for timing in batches}
    contenders = batches if aim == "throughput" else [timing for timing in singles if timing.dtype in dtypes]
    dtype = _fastest(contenders).dtype
    of_dtype = sorted((timing for timing in batches if timing.dtype == dtype), key=lambda timing: timing.batch_size)
    most = max(timing.per_second for timing in of_dtype)
    enough = next(timing for timing in of_dtype if timing.per_second * _GAIN >= most)
    return TowerPlan(enough.dtype, enough.batch_size)


def _fastest(timings: Sequence[Timing]) -> Timing:
    best = timings[0]
    for timing in timings:
        needed = _GAIN if timing.dtype != best.dtype else 1.0
        if timing.per_second > best.per_second * needed:
            best = timing
    return best


class Tuner:
    """Times an encoder, by its two encode functions and the clock."""

    def __init__(self, encoder: ClipEncoder, settings: Settings) -> None:
        self._encoder = encoder
        self._dtypes = _dtypes(encoder.device) if settings.dtype == "auto" else (settings.dtype,)
        self._batch_size = None if settings.batch_size == "auto" else settings.batch_size
        device = encoder.device.type if encoder.device.type in _FIRST_BATCH else "cpu"
        self._first, self._most = _FIRST_BATCH[device], _MOST_BATCH[device]
        pictures = [encoder.prepare(picture) for picture in sample_pictures(encoder.edge)]
        self._inputs: dict[Kind, Sequence[Any]] = {"images": pictures, "texts": SAMPLE_TEXTS}
        self._encode: dict[Kind, Callable[[Sequence[Any]], NDArray[np.float32]]] = {
            "images": encoder.encode_images,
            "texts": encoder.encode_texts,
        }

    def measure(self) -> Measurements:
        images, is_steady_for_images = self._measure_tower("images")
        texts, is_steady_for_texts = self._measure_tower("texts")
        parallel = self._passes(images)
        return Measurements((*images, *texts, *parallel), is_steady_for_images and is_steady_for_texts)

    def _passes(self, images: Sequence[Timing]) -> list[Timing]:
        """Time as many parallel passes as there are threads. They share the batch size of bulk work."""
        tower, count = _choose_tower(images, "throughput"), self._encoder.threads
        alone = [timing for timing in images if (timing.dtype, timing.batch_size) == (tower.dtype, tower.batch_size)]
        size = self._batch_size or max(self._first, tower.batch_size // count)
        # Three rounds, of which the first is the warm-up, and the threads' first use of torch.
        round_seconds = count * size / alone[0].per_second if alone else 0.0
        if count == 1 or not alone or 4 * round_seconds > _BUDGET_PASSES_SECONDS:
            return []
        batch, encode = self._batch("images", size), self._encode["images"]
        rounds: list[float] = []
        with (
            self._encoder.trial("images", tower.dtype),
            self._encoder.passes_side_by_side(count),
            ThreadPoolExecutor(count) as pool,
        ):
            for _ in range(3):
                started = time.perf_counter()
                list(pool.map(encode, [batch] * count))
                rounds.append(time.perf_counter() - started)
        return [Timing("images", tower.dtype, size, min(rounds[1:]), count)]

    def _measure_tower(self, kind: Kind) -> tuple[list[Timing], bool]:
        """Time one input and a medium batch in every dtype, then larger batches in the fastest, while they gain.

        Skips measurements that would exceed the budget: a large model on a slow machine has single inputs only.
        """
        began = time.perf_counter()
        first = self._time(kind, self._dtypes[0], self._batch_size or 1)
        single = first.seconds / first.batch_size
        deadline = began + min(_BUDGET_SECONDS[kind], _BUDGET_INPUTS * single)

        def affords(inputs: int) -> bool:
            return time.perf_counter() + inputs * single <= deadline

        timings = [first]
        is_batch_measured = self._batch_size is None and affords(2 * self._first)
        if is_batch_measured:
            timings.append(self._time(kind, first.dtype, self._first))
        reference = self._encode[kind](self._inputs[kind][:_COMPARED])
        for dtype in self._dtypes[1:]:
            if not affords(_COMPARED + 2 * first.batch_size):
                break
            with self._encoder.trial(kind, dtype):
                if not self._is_near(kind, dtype, reference):
                    continue
                timings.append(self._time(kind, dtype, first.batch_size))
                is_hopeless = timings[-1].seconds > _HOPELESS * first.seconds
                if is_batch_measured and not is_hopeless and affords(self._first):
                    timings.append(self._time(kind, dtype, self._first))
        if is_batch_measured:
            best = max((timing for timing in timings if timing.batch_size > 1), key=lambda timing: timing.per_second)
            with self._encoder.trial(kind, best.dtype):
                timings += self._climb(kind, best, deadline)
        again = self._time(kind, first.dtype, first.batch_size).seconds
        return timings, max(again, first.seconds) < _STEADY * min(again, first.seconds)

    def _is_near(self, kind: Kind, dtype: str, reference: NDArray[np.float32]) -> bool:
        vectors = self._encode[kind](self._inputs[kind][:_COMPARED])
        nearness = float((vectors * reference).sum(axis=1).min())
        if nearness >= NEAR:
            return True
        log.warning(
            "%s is not used: the vectors of %s have a cosine of only %.4f with float32's.", dtype, kind, nearness
        )
        return False

    def _climb(self, kind: Kind, best: Timing, deadline: float) -> list[Timing]:
        """Double the batch until there is no gain, no memory, or no time left."""
        timings: list[Timing] = []
        fastest, misses = best.per_second, 0
        while (size := best.batch_size * 2) <= self._most:
            # Two runs with the rate of the previous size.
            if time.perf_counter() + 4 * best.seconds > deadline:
                break
            try:
                timing = self._time(kind, best.dtype, size)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                break
            timings.append(timing)
            misses = 0 if timing.per_second >= fastest * _GAIN else misses + 1
            if misses == _MISSES:
                break
            fastest, best = max(fastest, timing.per_second), timing
        release_memory()
        return timings

    def _time(self, kind: Kind, dtype: str, size: int) -> Timing:
        """The fastest of a few runs after a warm-up run. Other load can only slow a run down."""
        batch = self._batch(kind, size)
        runs: list[float] = []
        while len(runs) < 2 or sum(runs) < (_LONG_SECONDS if len(runs) <= _RUNS else _SHORT_SECONDS):
            started = time.perf_counter()
            self._encode[kind](batch)
            runs.append(time.perf_counter() - started)
        return Timing(kind, dtype, size, min(runs[1:]))

    def _batch(self, kind: Kind, size: int) -> Sequence[Any]:
        inputs = self._inputs[kind]
        return [inputs[index % len(inputs)] for index in range(size)]


def _dtypes(device: torch.device) -> tuple[str, ...]:
    """The dtypes that the device supports natively; float32 first, as the reference.

    Of CPUs, only ARM gains from float16: on x86 it was not faster than float32, even with AVX512-FP16.
    """
    if device.type == "cuda":
        return ("float32", "bfloat16", "float16") if torch.cuda.is_bf16_supported() else ("float32", "float16")
    if device.type == "cpu":
        is_arm = platform.machine().lower() in ("arm64", "aarch64")
        return ("float32", "bfloat16", "float16") if is_arm else ("float32", "bfloat16")
    return ("float32", "float16")


def _fingerprint(encoder: ClipEncoder, settings: Settings) -> dict[str, str]:
    """Everything that the measurements depend on. Not the aim: both aims use the same measurements."""
    return {
        "model": encoder.name,
        "shape": hashlib.sha256(encoder.config_json().encode()).hexdigest(),
        "device": _device_name(encoder.device),
        "threads": str(encoder.threads),
        "torch": torch.__version__,
        "dtype": settings.dtype,
        "batch_size": str(settings.batch_size),
    }


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type} {platform.machine()} {_processor()}"


def _processor() -> str:
    """A digest of the CPU's name and flags, because virtual CPUs with different flags share a name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    described = sorted({line for line in lines if line.startswith(("model name", "flags", "CPU part", "Features"))})
    return hashlib.sha256("\n".join(described).encode()).hexdigest()


def _log_plan(encoder: ClipEncoder, how: str) -> None:
    plan = encoder.plan
    log.info(
        "%s, %d threads: images in %s, batch size %d, parallel passes %d; texts in %s, batch size %d (%s).",
        encoder.device,
        encoder.threads,
        plan.images.dtype,
        plan.images.batch_size,
        plan.passes,
        plan.texts.dtype,
        plan.texts.batch_size,
        how,
    )
