"""How far vectors move, and how much time is saved, when JPEGs are decoded at a reduced scale.

    python -m benchmarks.reduced_decode --json build/reduced_decode.json

The reference is the float32 vector of the picture decoded at full size. It is compared with the vectors of the same
picture decoded so that its shortest side keeps at least N times the model's edge, in float32 and in bfloat16.
"""

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_photos import KINDS, jpeg, picture
from benchmarks.models import models_by_name
from benchmarks.report import argument_parser, table, write_figures
from shared.settings import Settings
from worker.images.decoder import decode
from worker.model.encoder import ClipEncoder

SIDES = (640, 1200, 4000)
KEPT = (None, 1, 2, 3, 4)
_NO_LIMIT = 10**9
_TIMED = 12


@dataclass(frozen=True)
class Line:
    """One row. The shortest side keeps at least `kept` times the model's edge; None: decoded at full size."""

    model: str
    precision: str
    side: int
    kept: int | None
    cosine_min: float
    cosine_median: float
    moved: float
    """The largest distance that a vector moved, as a share of the median distance between two pictures."""
    milliseconds: float
    """Median core-milliseconds from JPEG bytes to pixels."""
    per_second_1: float
    per_second_2: float
    """Pictures per second with one thread and with two."""


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        models = models_by_name(Path(folder) / "full")
        lines = [line for side in arguments.sides for line in _measure(models, side, arguments.pictures)]
    _print(lines)
    facts = {"machine": platform.processor() or platform.machine(), "pictures": arguments.pictures * len(KINDS)}
    write_figures(arguments.json, {**facts, "lines": lines})


def _measure(models: dict[str, str], side: int, count: int) -> list[Line]:
    contents = [jpeg(picture(kind, number, side)) for kind in KINDS for number in range(count)]
    lines = []
    for name, folder in models.items():
        exact = ClipEncoder(Settings(model=folder, dtype="float32"))
        half = ClipEncoder(Settings(model=folder, dtype="bfloat16"))
        pixels = {kept: [_prepared(content, exact, kept) for content in contents] for kept in KEPT}
        whole = _vectors(exact, pixels[None])
        typical_distance = 1 - float(np.median((whole @ whole.T)[np.triu_indices(len(whole), 1)]))
        for kept in KEPT:
            timing = _timing(contents[:: -(-len(contents) // _TIMED)], exact, kept)
            for precision, encoder in (("float32", exact), ("bfloat16", half)):
                cosines = (whole * _vectors(encoder, pixels[kept])).sum(axis=1)
                furthest = float(1 - cosines.min()) / typical_distance
                lowest, middle = float(cosines.min()), float(np.median(cosines))
                lines.append(Line(name, precision, side, kept, lowest, middle, furthest, *timing))
    return lines


def _prepared(content: bytes, encoder: ClipEncoder, kept: int | None) -> NDArray[np.uint8]:
    return encoder.prepare(decode(content, _NO_LIMIT, kept * encoder.edge if kept else None))


def _vectors(encoder: ClipEncoder, pixels: list[NDArray[np.uint8]]) -> NDArray[np.float32]:
    return np.concatenate([encoder.encode_images(pixels[n : n + 8]) for n in range(0, len(pixels), 8)])


def _timing(contents: list[bytes], encoder: ClipEncoder, kept: int | None) -> tuple[float, float, float]:
    """Median core-milliseconds from bytes to pixels, and pictures per second with one thread and with two."""

    def seconds(content: bytes) -> float:
        # The thread's processor time, which other processes do not change.
        started = time.thread_time()
        _prepared(content, encoder, kept)
        return time.thread_time() - started

    each = [min(seconds(content) for _ in range(2)) for content in contents]
    rates = []
    for threads in (1, 2):
        with ThreadPoolExecutor(threads) as pool:
            rates.append(_rate(pool, seconds, contents))
    return statistics.median(each) * 1000, *rates  # type: ignore[return-value]


def _rate(pool: ThreadPoolExecutor, work: Callable[[bytes], float], contents: list[bytes]) -> float:
    started = time.perf_counter()
    done = len(list(pool.map(work, contents * 2)))
    return done / (time.perf_counter() - started)


def _print(lines: list[Line]) -> None:
    cosines = ["lowest cosine", "median", "moved"]
    print(table(["model", "side", "kept", "precision", *cosines, "ms", "1 thread", "2 threads"], map(_cells, lines)))


def _cells(line: Line) -> list[str]:
    kept = f"{line.kept} x edge" if line.kept else "full size"
    cosines = [f"{line.cosine_min:.6f}", f"{line.cosine_median:.6f}", f"{line.moved:.2%}"]
    rates = [f"{line.per_second_1:.0f}/s", f"{line.per_second_2:.0f}/s"]
    return [line.model, f"{line.side} px", kept, line.precision, *cosines, f"{line.milliseconds:.1f}", *rates]


def _arguments() -> argparse.Namespace:
    parser = argument_parser("benchmarks.reduced_decode", __doc__)
    parser.add_argument("--pictures", type=int, default=6, help="pictures of each kind: %(default)s")
    parser.add_argument("--sides", type=int, nargs="+", default=SIDES, help="longest sides in pixels")
    return parser.parse_args()


if __name__ == "__main__":
    main()
