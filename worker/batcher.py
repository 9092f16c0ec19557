"""Batches across callers: fires the moment the model is free, with whatever is waiting, up to the batch size."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.catalogue.interface import Vector
from shared.errors import ItemError, LichtbildError, UnavailableError
from worker.encoder import Encoder
from worker.preprocessor import Pixels

log = logging.getLogger(__name__)

# Enough to fill several batches while the model works; callers wait beyond it.
_WAITING_BATCHES = 4
# A batch takes a second or two on a slow CPU; one that takes this long hangs in the driver.
_STUCK_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Encoded:
    """A unit vector and this input's share of the model's time, in seconds."""

    vector: Vector
    seconds: float


@dataclass(slots=True)
class _Request:
    value: Any
    future: "Future[Encoded]"


class Batcher:
    """One per model per process. Submit from any thread; one thread runs the model. Texts go before images."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._texts: deque[_Request] = deque()
        self._images: deque[_Request] = deque()
        self._room = encoder.batch_size * _WAITING_BATCHES
        self._changed = threading.Condition()
        self._closed = False
        self._began: float | None = None
        self._is_broken = False
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)
        self._thread.start()

    def submit_image(self, pixels: Pixels) -> "Future[Encoded]":
        """Queue prepared pixels; wait while the queue is full. A cancelled future is never encoded."""
        return self._submit(self._images, pixels)

    def submit_text(self, text: str) -> "Future[Encoded]":
        """Queue a text; wait while the queue is full. A cancelled future is never encoded."""
        return self._submit(self._texts, text)

    def works(self) -> bool:
        """Whether the thread that runs the model lives, is not stuck in a batch, and the model encodes anything."""
        began = self._began
        is_stuck = began is not None and time.monotonic() - began > _STUCK_SECONDS
        return self._thread.is_alive() and not is_stuck and not self._is_broken

    def close(self) -> None:
        """Encode what is queued, then stop."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join()

    def _submit(self, queue: deque[_Request], value: Any) -> "Future[Encoded]":
        request = _Request(value, Future())
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(queue) < self._room)
            if self._closed:
                raise UnavailableError("The worker is shutting down.")
            queue.append(request)
            self._changed.notify_all()
        return request.future

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._texts or self._images or self._closed)
                queue = self._texts or self._images
                if not queue:
                    return
                encode = self._encoder.encode_texts if queue is self._texts else self._encoder.encode_images
                batch = self._take(queue)
                self._changed.notify_all()
            if batch:
                self._began = time.monotonic()
                self._encode(encode, batch)
                self._began = None

    def _take(self, queue: deque[_Request]) -> list[_Request]:
        batch: list[_Request] = []
        while queue and len(batch) < self._encoder.batch_size:
            request = queue.popleft()
            if request.future.set_running_or_notify_cancel():
                batch.append(request)
        return batch

    def _encode(self, encode: Callable[[Sequence[Any]], NDArray[np.float32]], batch: list[_Request]) -> None:
        started = time.perf_counter()
        try:
            vectors = encode([request.value for request in batch])
            if not np.isfinite(vectors).all():
                raise ValueError("the model returned a vector that is not finite")
        except Exception as error:
            self._bisect(encode, batch, error)
            return
        self._is_broken = False
        share = (time.perf_counter() - started) / len(batch)
        for request, vector in zip(batch, vectors, strict=True):
            request.future.set_result(Encoded(vector, share))

    def _bisect(
        self, encode: Callable[[Sequence[Any]], NDArray[np.float32]], batch: list[_Request], error: Exception
    ) -> None:
        """A batch failed: find the culprit by halves, so that its neighbours do not fail with it."""
        if len(batch) == 1:
            batch[0].future.set_exception(self._verdict(encode, batch[0].value, error))
            return
        middle = len(batch) // 2
        self._encode(encode, batch[:middle])
        self._encode(encode, batch[middle:])

    def _verdict(
        self, encode: Callable[[Sequence[Any]], NDArray[np.float32]], value: Any, error: Exception
    ) -> LichtbildError:
        """Whose fault it is: the input's, or, if a harmless one fails as well, the model's or its device's."""
        harmless = "a" if isinstance(value, str) else np.zeros_like(value)
        try:
            self._is_broken = not np.isfinite(encode([harmless])).all()
        except Exception:
            self._is_broken = True
        if self._is_broken:
            log.error("The model encodes nothing any more.", exc_info=error)
            return UnavailableError(f"The model encodes nothing any more ({type(error).__name__}).")
        log.warning("The model cannot encode an input.", exc_info=error)
        return ItemError("encode_failed", f"The model cannot encode this ({type(error).__name__}).")
