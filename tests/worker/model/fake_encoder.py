"""An encoder of numbers for the batcher, and a batcher whose model is at work."""

import threading
from collections.abc import Sequence

import numpy as np

from worker.model.batcher import Batcher


class FakeEncoder:
    """Encodes a number as a unit vector; refuses the number 13. Waits at the gate, if there is one."""

    name, dimension, batch_size, text_batch_size = "fake", 2, 4, 3
    has_thread_per_pass = True

    def __init__(self, gate: threading.Event | None = None, passes: int = 1) -> None:
        self.passes = passes
        self.batches: list[list] = []
        self.started = threading.Event()
        self._gate = gate

    def encode_images(self, pixels: Sequence) -> np.ndarray:
        return self._encode([int(p) for p in pixels])

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        return self._encode(list(texts))

    def _encode(self, values: list) -> np.ndarray:
        self.started.set()
        if self._gate:
            assert self._gate.wait(10)
        self.batches.append(values)
        if 13 in values:
            raise ValueError("unlucky")
        angles = np.array([float(value) for value in values], np.float32)
        return np.stack([np.cos(angles), np.sin(angles)], axis=1)


def vector(number: float) -> np.ndarray:
    return np.array([np.cos(number), np.sin(number)], np.float32)


def held(encoder: FakeEncoder, gate: threading.Event) -> Batcher:
    """A batcher whose model is at work on image 0 until the gate opens."""
    batcher = Batcher(encoder)
    batcher.submit_image(0)
    assert encoder.started.wait(10)
    return batcher
