"""The ceiling: images/s and texts/s of the encoder alone on ready inputs, by precision and batch.

    python -m benchmarks.encoder --json build/encoder.json

Ready inputs are uint8 pixels as they leave the preprocessor, and texts of 8 to 14 tokens; each pass is measured from
there to unit vectors in main memory. The model is ViT-B/32 of full size with random weights, which cost what trained
ones cost.
One pass of each is run to warm up; then all take turns, round after round, so that a busy neighbour meets all alike.
The rate is of the median round; `best` is the fastest.
"""

import argparse
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from benchmarks.report import arguments_of, write_figures
from shared.settings import Settings
from tests.tiny_model import save_full_size_model, save_tiny_model
from worker.model.encoder import ClipEncoder
from worker.model.tuning_samples import SAMPLE_TEXTS, sample_pictures


@dataclass(frozen=True)
class Rate:
    """What one way of running makes, in inputs per second."""

    kind: str
    dtype: str
    batch_size: int
    median: float
    best: float


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        save = save_tiny_model if arguments.tiny else save_full_size_model
        model = arguments.model or str(save(Path(folder) / "model"))
        rates = [rate for dtype in arguments.dtypes for rate in _rates(model, dtype, arguments)]
    _print(rates)
    write_figures(arguments.json, {"machine": _machine(), "rates": rates})


def _rates(model: str, dtype: str, arguments: argparse.Namespace) -> list[Rate]:
    encoder = ClipEncoder(Settings(model=model, dtype=dtype, batch_size=1, cpu_threads=arguments.threads or "auto"))
    pictures = [encoder.prepare(picture) for picture in sample_pictures(encoder.edge)]
    passes: dict[tuple[str, int], Callable[[], object]] = {}
    for size in arguments.batches:
        pixels = [pictures[index % len(pictures)] for index in range(size)]
        texts = [SAMPLE_TEXTS[index % len(SAMPLE_TEXTS)] for index in range(size)]
        passes["images", size] = lambda pixels=pixels: encoder.encode_images(pixels)
        passes["texts", size] = lambda texts=texts: encoder.encode_texts(texts)
    for run in passes.values():
        run()
    seconds: dict[tuple[str, int], list[float]] = {key: [] for key in passes}
    for _ in range(arguments.rounds):
        for key, run in passes.items():
            started = time.perf_counter()
            run()
            seconds[key].append(time.perf_counter() - started)
    return [
        Rate(kind, dtype, size, round(size / statistics.median(taken), 1), round(size / min(taken), 1))
        for (kind, size), taken in seconds.items()
    ]


def _print(rates: list[Rate]) -> None:
    print(f"{_machine()}\n\n{'':8}{'precision':12}{'batch':>6}{'median/s':>12}{'best/s':>12}")
    for rate in sorted(rates, key=lambda rate: (rate.kind, rate.dtype, rate.batch_size)):
        print(f"{rate.kind:8}{rate.dtype:12}{rate.batch_size:6}{rate.median:12.1f}{rate.best:12.1f}")


def _machine() -> dict[str, Any]:
    return {
        "processor": platform.processor() or platform.machine(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": sys.version.split()[0],
    }


def _arguments() -> argparse.Namespace:
    parser = arguments_of("benchmarks.encoder", __doc__)
    parser.add_argument("--model", help="another model, by id or folder")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, to try this program")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 4, 8, 16, 32, 64])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int)
    return parser.parse_args()


if __name__ == "__main__":
    main()
