"""`python -m benchmarks.simulated_worker --name N --seconds-per-batch S`: an ingest worker without model or network.

The rest is the real worker: doorbells, claims, leases, batcher, catalogue, grouped inserts, settling. The encoder
sleeps, as a thread that waits for a GPU does, and returns random unit vectors. A download returns a tiny picture from
memory.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from io import BytesIO
from typing import Any, TypeVar, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.settings import load_settings
from worker.__main__ import run
from worker.fetch.fetcher import Download, Fetcher
from worker.images.transforms import Pixels

Result = TypeVar("Result")
BATCH_SIZE = 32
DIMENSION = 512


class SimulatedEncoder:
    """Sleeps for a fixed time per batch, whatever its size. Returns float32 unit vectors, (batch, DIMENSION)."""

    name = "simulated"
    dimension = DIMENSION
    batch_size = BATCH_SIZE
    text_batch_size = BATCH_SIZE
    passes = 1
    has_thread_per_pass = False
    edge = 8
    max_tokens = 77

    def __init__(self, seconds_per_batch: float) -> None:
        self._seconds = seconds_per_batch
        self._rng = np.random.default_rng(os.getpid())

    def prepare(self, image: Any) -> Pixels:
        return np.asarray(image)

    def encode_images(self, pixels: Sequence[Pixels]) -> NDArray[np.float32]:
        return self._vectors(len(pixels))

    def encode_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._vectors(len(texts))

    def count_tokens(self, text: str) -> int:
        return len(text)

    def facts(self) -> dict[str, Any]:
        return {"model": self.name, "dimension": self.dimension, "batch_size": self.batch_size}

    def _vectors(self, count: int) -> NDArray[np.float32]:
        time.sleep(self._seconds)
        vectors = self._rng.standard_normal((count, DIMENSION), dtype=np.float32)
        return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


class MemoryFetcher:
    """Returns the same 8 x 8 picture for every URL, without I/O."""

    def __init__(self) -> None:
        buffer = BytesIO()
        Image.new("RGB", (8, 8)).save(buffer, "BMP")
        self._content = buffer.getvalue()

    def fetch(self, _: str) -> bytes:
        return self._content

    def submit(self, _: str, then: Callable[[Download], Result]) -> "Future[Result]":
        future: Future[Result] = Future()
        try:
            future.set_result(then(Download(self._content, 0.0)))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.simulated_worker", description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--seconds-per-batch", type=float, required=True)
    arguments = parser.parse_args()
    encoder = SimulatedEncoder(arguments.seconds_per_batch)
    run(load_settings(), "ingest", arguments.name, encoder=encoder, fetcher=cast("Fetcher", MemoryFetcher()))


if __name__ == "__main__":
    main()
