"""Overhead of the batcher: the same images in the same batch size, through the batcher and through a bare loop.

    python -m benchmarks.batcher_overhead --json build/batcher_overhead.json

Both run alternately in one process; the ratio compares their medians. Several threads submit to the batcher, as in a
worker, and it has to form full batches; the loop has them ready. With `--pass-seconds` the model sleeps instead, which
shows the batcher's own cost; otherwise it is a full-size ViT-B/32 with random weights.
"""

import argparse
import json
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.models import save_random_model
from benchmarks.report import argument_parser, write_figures
from shared.settings import Settings
from worker.model.batcher import Batcher
from worker.model.encoder import ClipEncoder


class Sleeper:
    """A model whose passes all take the same time. Returns float32 vectors, (batch, 512)."""

    name, dimension, edge = "sleeper", 512, 224
    has_thread_per_pass = False

    def __init__(self, batch_size: int, seconds: float) -> None:
        self.batch_size = self.text_batch_size = batch_size
        self.passes = 1
        self._seconds = seconds

    def encode_images(self, pixels: Sequence[Any]) -> NDArray[np.float32]:
        time.sleep(self._seconds)
        return np.ones((len(pixels), self.dimension), np.float32)

    encode_texts = encode_images


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        encoder = _encoder(arguments, Path(folder))
        pixels = [np.full((encoder.edge, encoder.edge, 3), n % 256, np.uint8) for n in range(arguments.count)]
        bare, batched = _alternately(encoder, pixels, arguments)
    found = {
        "count": arguments.count,
        "batch_size": encoder.batch_size,
        "pass_seconds": arguments.pass_seconds,
        "bare_per_second": round(arguments.count / statistics.median(bare), 1),
        "batcher_per_second": round(arguments.count / statistics.median(batched), 1),
        "ratio": round(statistics.median(batched) / statistics.median(bare), 4),
        "ratio_of_the_best": round(min(batched) / min(bare), 4),
    }
    print(json.dumps(found, indent=1))
    write_figures(arguments.json, found)


def _encoder(arguments: argparse.Namespace, folder: Path) -> Any:
    if arguments.pass_seconds is not None:
        return Sleeper(arguments.batch_size, arguments.pass_seconds)
    model = save_random_model(folder / "model", tiny=arguments.tiny)
    return ClipEncoder(Settings(model=model, dtype=arguments.dtype, batch_size=arguments.batch_size))


def _alternately(encoder: Any, pixels: list[Any], arguments: argparse.Namespace) -> tuple[list[float], list[float]]:
    size = encoder.batch_size
    encoder.encode_images(pixels[:size])
    batcher = Batcher(encoder)
    bare, batched = [], []
    for _ in range(arguments.rounds):
        bare.append(
            _seconds(lambda: [encoder.encode_images(pixels[at : at + size]) for at in range(0, len(pixels), size)])
        )
        batched.append(_seconds(lambda: _submit_all(batcher, pixels, arguments.callers)))
    batcher.close()
    return bare, batched


def _submit_all(batcher: Batcher, pixels: list[Any], callers: int) -> None:
    def submit(share: list[Any]) -> None:
        for future in [batcher.submit_image(array) for array in share]:
            future.result()

    threads = [threading.Thread(target=submit, args=(pixels[n::callers],)) for n in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _arguments() -> argparse.Namespace:
    parser = argument_parser("benchmarks.batcher_overhead", __doc__)
    parser.add_argument("--tiny", action="store_true", help="use a tiny model, to see mainly the batcher")
    parser.add_argument("--pass-seconds", type=float, help="replace the model by a sleep of this length per pass")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--count", type=int, default=512, help="images in each round")
    parser.add_argument("--callers", type=int, default=8, help="threads that submit images")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


if __name__ == "__main__":
    main()
