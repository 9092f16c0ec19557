"""Images/s and texts/s of the encoder alone, by precision and batch size.

    python -m benchmarks.encoder --json build/encoder.json

Inputs are uint8 pixels from the preprocessor and texts of 8 to 14 tokens; each pass is timed from there to unit vectors
in main memory. The model is a full-size ViT-B/32 with random weights, which cost the same time as trained ones.
After one warm-up pass of each kind and size, all of them run in turn, round after round, so that other load affects
all alike. `median` is the rate of the median round, `best` of the fastest.
"""

import argparse
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from benchmarks.models import save_random_model
from benchmarks.report import argument_parser, facts_line, table, write_figures
from shared.settings import Settings
from worker.model.encoder import ClipEncoder
from worker.model.tuning_samples import SAMPLE_TEXTS, sample_pictures


@dataclass(frozen=True)
class Rate:
    """Inputs per second of one kind, precision and batch size."""

    kind: str
    dtype: str
    batch_size: int
    median: float
    best: float


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        model = arguments.model or save_random_model(Path(folder) / "model", tiny=arguments.tiny)
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
        passes["images", size] = partial(encoder.encode_images, pixels)
        passes["texts", size] = partial(encoder.encode_texts, texts)
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
    rows = sorted((rate.kind, rate.dtype, rate.batch_size, rate.median, rate.best) for rate in rates)
    print(facts_line(_machine()), end="\n\n")
    print(table(["", "precision", "batch", "median/s", "best/s"], rows))


def _machine() -> dict[str, Any]:
    return {
        "processor": platform.processor() or platform.machine(),
        "capability": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "python": sys.version.split()[0],
    }


def _arguments() -> argparse.Namespace:
    parser = argument_parser("benchmarks.encoder", __doc__)
    parser.add_argument("--model", help="id or folder of another model")
    parser.add_argument("--tiny", action="store_true", help="use a tiny model, to try the program")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "bfloat16"])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 4, 8, 16, 32, 64])
    parser.add_argument("--rounds", type=int, default=7, help="timed rounds: %(default)s")
    parser.add_argument("--threads", type=int, help="threads of the model (default: chosen as in a worker)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
