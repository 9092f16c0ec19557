"""Measures dtypes and batch sizes on this machine at the first start, once for all of its workers."""

import hashlib
import logging
import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from shared.settings import Settings
from worker.model.device import is_out_of_memory, release_memory
from worker.model.encoder import ClipEncoder
from worker.model.loader import Kind
from worker.model.tuning_cache import TuningCache
from worker.model.tuning_choice import GAIN, Aim, Measurements, Timing, choose, choose_tower
from worker.model.tuning_samples import SAMPLE_TEXTS, sample_pictures

log = logging.getLogger(__name__)

# Smaller models are fast in any case; the demo model has 2 M.
_WORTH_PARAMETERS = 10_000_000
# Minimum cosine of a coarser dtype's vectors to float32's.
NEAR = 0.999
# Time limits of the measurement: 14 s in all, so that it adds less than 15 s to a start. `_BUDGET_INPUTS` limits it
# further, to this multiple of the time of one input.
_BUDGET_SECONDS: dict[Kind, float] = {"images": 7.0, "texts": 4.0}
_BUDGET_PASSES_SECONDS = 3.0
_BUDGET_INPUTS = 80
# Stop after this many consecutive larger batches without a gain: a single one may have met other load.
_MISSES = 2
# Number of pictures and of texts whose vectors are compared with float32's.
_COMPARED = 6
# If the first and last timing of the same batch differ by more than this factor, the machine was busy: do not cache.
_STEADY = 1.5
# A dtype this many times slower than float32 at one input is emulated; larger batches are not measured.
_HOPELESS = 4.0
# Runs of one measurement after the warm-up run: more if they are short, fewer if they are long.
_LONG_SECONDS = 0.4
_SHORT_SECONDS = 0.05
_RUNS = 3
# Smallest and largest batch to measure. Larger ones take longer to fill, and a query has to wait for a running batch.
_FIRST_BATCH = {"cpu": 8, "cuda": 64}
_MOST_BATCH = {"cpu": 64, "cuda": 512}


def tune(encoder: ClipEncoder, settings: Settings, aim: Aim) -> None:
    """Make the encoder adopt the best plan for `aim`. Values fixed by the settings are not measured."""
    if settings.dtype != "auto" and settings.batch_size != "auto":
        _log_plan(encoder, "as configured")
        return
    if encoder.parameters() < _WORTH_PARAMETERS:
        _log_plan(encoder, "not measured: the model is small")
        return
    started = time.perf_counter()
    cache = TuningCache(settings.tuning_folder, Measurements, lambda measurements: measurements.is_steady)
    measurements = cache.read_or_make(_fingerprint(encoder, settings), Tuner(encoder, settings).measure)
    encoder.adopt(choose(measurements, aim))
    seconds = time.perf_counter() - started
    _log_plan(
        encoder, f"for {aim}, measured in {seconds:.1f} s{'' if measurements.is_steady else ' on a busy machine'}"
    )


class Tuner:
    """Times an encoder's forward passes. `clock` returns seconds."""

    def __init__(
        self, encoder: ClipEncoder, settings: Settings, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._encoder = encoder
        self._clock = clock
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
        """Time both towers, then concurrent passes of the image tower. Takes at most 14 s."""
        images, is_steady_for_images = self._measure_tower("images")
        texts, is_steady_for_texts = self._measure_tower("texts")
        parallel = self._passes(images)
        return Measurements((*images, *texts, *parallel), is_steady_for_images and is_steady_for_texts)

    def _passes(self, images: Sequence[Timing]) -> list[Timing]:
        """Time one pass per thread, concurrently; they share the best batch of a single pass."""
        tower, count = choose_tower(images, "throughput"), self._encoder.threads
        alone = [timing for timing in images if (timing.dtype, timing.batch_size) == (tower.dtype, tower.batch_size)]
        size = self._batch_size or max(self._first, tower.batch_size // count)
        # Three rounds, the first as a warm-up, and the initialisation of torch in each thread.
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
                started = self._clock()
                list(pool.map(encode, [batch] * count))
                rounds.append(self._clock() - started)
        return [Timing("images", tower.dtype, size, min(rounds[1:]), count)]

    def _measure_tower(self, kind: Kind) -> tuple[list[Timing], bool]:
        """Time one input and the smallest batch in every dtype, then larger batches in the fastest while they gain.

        Skips what would exceed the time limit: of a big model on a slow machine only single inputs are measured.
        """
        began = self._clock()
        first = self._time(kind, self._dtypes[0], self._batch_size or 1)
        single = first.seconds / first.batch_size
        deadline = began + min(_BUDGET_SECONDS[kind], _BUDGET_INPUTS * single)

        def affords(inputs: int) -> bool:
            return self._clock() + inputs * single <= deadline

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
        log.warning("%s not used: its vectors of %s have a cosine of %.4f to float32's.", dtype, kind, nearness)
        return False

    def _climb(self, kind: Kind, best: Timing, deadline: float) -> list[Timing]:
        """Double the batch until it gains nothing, does not fit in memory or would exceed the time limit."""
        timings: list[Timing] = []
        fastest, misses = best.per_second, 0
        while (size := best.batch_size * 2) <= self._most:
            # Two runs of twice the size.
            if self._clock() + 4 * best.seconds > deadline:
                break
            try:
                timing = self._time(kind, best.dtype, size)
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                break
            timings.append(timing)
            misses = 0 if timing.per_second >= fastest * GAIN else misses + 1
            if misses == _MISSES:
                break
            fastest, best = max(fastest, timing.per_second), timing
        release_memory()
        return timings

    def _time(self, kind: Kind, dtype: str, size: int) -> Timing:
        """The minimum of a few runs after a warm-up: other load can only make a run slower."""
        batch = self._batch(kind, size)
        runs: list[float] = []
        while len(runs) < 2 or sum(runs) < (_LONG_SECONDS if len(runs) <= _RUNS else _SHORT_SECONDS):
            started = self._clock()
            self._encode[kind](batch)
            runs.append(self._clock() - started)
        return Timing(kind, dtype, size, min(runs[1:]))

    def _batch(self, kind: Kind, size: int) -> Sequence[Any]:
        inputs = self._inputs[kind]
        return [inputs[index % len(inputs)] for index in range(size)]


def _dtypes(device: torch.device) -> tuple[str, ...]:
    """The dtypes that the device supports natively. float32 comes first, as the reference of the others.

    On CPUs only ARM gains from float16; on x86 it was no faster than float32 even with AVX512-FP16.
    """
    if device.type == "cuda":
        return ("float32", "bfloat16", "float16") if torch.cuda.is_bf16_supported() else ("float32", "float16")
    if device.type == "cpu":
        is_arm = platform.machine().lower() in ("arm64", "aarch64")
        return ("float32", "bfloat16", "float16") if is_arm else ("float32", "bfloat16")
    return ("float32", "float16")


def _fingerprint(encoder: ClipEncoder, settings: Settings) -> dict[str, str]:
    """Everything that the measurements depend on. They serve both aims."""
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
    """A digest of the CPU's name and features: virtual CPUs with different features share a name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    lines = sorted({line for line in lines if line.startswith(("model name", "flags", "CPU part", "Features"))})
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _log_plan(encoder: ClipEncoder, how: str) -> None:
    plan = encoder.plan
    log.info(
        "On %s with %d threads: images in %s, batch size %d, %d concurrent passes; texts in %s, batch size %d (%s).",
        encoder.device,
        encoder.threads,
        plan.images.dtype,
        plan.images.batch_size,
        plan.passes,
        plan.texts.dtype,
        plan.texts.batch_size,
        how,
    )
