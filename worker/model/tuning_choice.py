"""From timings of a model on one machine to the plan that it runs by."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from worker.model.encoder import Plan, TowerPlan
from worker.model.loader import KINDS, Kind

Aim = Literal["throughput", "latency"]

# A coarser dtype or a larger batch has to be faster by this factor; less is noise.
GAIN = 1.05
# Several passes of one thread each are used from this share of the speed of one pass of all threads on. In a worker the
# cores also decode images: threads that share a pass wait for the slowest of them, concurrent passes do not.
_WORTH_PASSES = 0.9
# Batch size if no batch was measured.
_UNMEASURED_BATCH = 8


@dataclass(frozen=True)
class Timing:
    """The shortest wall time, in seconds, of a forward pass or of `passes` concurrent ones.

    Measured from prepared inputs to vectors in main memory.
    """

    kind: Kind
    dtype: str
    batch_size: int
    seconds: float
    passes: int = 1

    @property
    def per_second(self) -> float:
        """Inputs per second."""
        return self.passes * self.batch_size / self.seconds


@dataclass(frozen=True)
class Measurements:
    """The timings of one machine, without dtypes whose vectors differ too much from float32's.

    `is_steady` is false if the machine was busy meanwhile.
    """

    timings: tuple[Timing, ...]
    is_steady: bool


def choose(measurements: Measurements, aim: Aim) -> Plan:
    """Choose the fastest dtype in batches or, for latency, at a single input; then the smallest batch near its best."""
    single = [timing for timing in measurements.timings if timing.passes == 1]
    images, texts = (choose_tower([timing for timing in single if timing.kind == kind], aim) for kind in KINDS)
    if aim == "latency":
        return Plan(images, texts)
    alone = max(timing.per_second for timing in single if timing.kind == "images" and timing.dtype == images.dtype)
    for beside in measurements.timings:
        if beside.passes > 1 and beside.dtype == images.dtype and beside.per_second >= alone * _WORTH_PASSES:
            return Plan(TowerPlan(beside.dtype, beside.batch_size), texts, beside.passes)
    return Plan(images, texts)


def choose_tower(timings: Sequence[Timing], aim: Aim) -> TowerPlan:
    """Prefer the dtype measured first, float32, on a tie.

    A batch of one is measured for latency only. It is never the best limit: if it looks so, the machine was busy.
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
    enough = next(timing for timing in of_dtype if timing.per_second * GAIN >= most)
    return TowerPlan(enough.dtype, enough.batch_size)


def _fastest(timings: Sequence[Timing]) -> Timing:
    best = timings[0]
    for timing in timings:
        needed = GAIN if timing.dtype != best.dtype else 1.0
        if timing.per_second > best.per_second * needed:
            best = timing
    return best
