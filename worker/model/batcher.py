"""Batches inputs of all callers: as soon as the model is free it encodes what is queued, up to the batch size."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared.catalogue.interface import Vector
from shared.errors import ItemError, LichtbildError, UnavailableError
from worker.images.transforms import Pixels
from worker.model.device import is_out_of_memory, release_memory
from worker.model.encoder import Encoder

log = logging.getLogger(__name__)

# Queue limit in batches, per kind of input; callers block beyond it.
_WAITING_BATCHES = 4
# Queue limit of undecoded images in bytes: one or two batches of large photos.
_WAITING_BYTES = 64 * 2**20
# A batch takes a second or two on a slow CPU. One that takes this long hangs in the driver.
_STUCK_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Encoded:
    """A unit vector, float32 of shape (dimension,).

    `seconds`: the batch's wall time divided by its size. `prepare_seconds`: CPU time of this input's preparation.
    """

    vector: Vector
    seconds: float
    prepare_seconds: float = 0.0


@dataclass(slots=True)
class _Request:
    """With `prepare`, the value is not made yet; `size` is that of its source in bytes."""

    value: Any
    future: "Future[Encoded]"
    deadline: float | None = None
    prepare: Callable[[], Any] | None = None
    size: int = 0
    prepare_seconds: float = 0.0


@dataclass(slots=True)
class _Tower:
    """Encodes one kind of input. `batch_size` shrinks when memory is short."""

    encode: Callable[[Sequence[Any]], NDArray[np.float32]]
    batch_size: int
    harmless: Callable[[Any], Any]


@dataclass(slots=True)
class _Queue:
    """Requests for one tower, oldest first. `room` is notified when some are taken."""

    tower: _Tower
    most: int
    room: threading.Condition
    waiting: deque[_Request] = field(default_factory=deque)
    bytes: int = 0

    def has_room_for(self, request: _Request) -> bool:
        return len(self.waiting) < self.most and (not self.bytes or self.bytes + request.size <= _WAITING_BYTES)

    def put(self, request: _Request) -> None:
        self.waiting.append(request)
        self.bytes += request.size

    def take(self) -> _Request:
        request = self.waiting.popleft()
        self.bytes -= request.size
        return request


class Batcher:
    """One per model and process. Thread-safe; the model runs in `encoder.passes` threads of the batcher.

    Priority: texts, then images of queries, then other images. A batch has one kind of input. Deadlines are in seconds
    of `time.monotonic`. Cancelled requests are dropped.

    Futures fail with ItemError `timeout` (deadline passed before the batch began) or `encode_failed` (the model fails
    on this input but not on a harmless one), and with UnavailableError if the model fails on every input or its thread
    ended. `submit_…` raises UnavailableError after `close`.
    """

    def __init__(self, encoder: Encoder) -> None:
        lock = threading.Lock()
        self._changed = threading.Condition(lock)
        texts = _Tower(encoder.encode_texts, encoder.text_batch_size, lambda _: "a")
        images = _Tower(encoder.encode_images, encoder.batch_size, np.zeros_like)
        self._texts, self._query_images, self._images = (
            _Queue(tower, tower.batch_size * (_WAITING_BATCHES + encoder.passes - 1), threading.Condition(lock))
            for tower in (texts, images, images)
        )
        self._by_urgency = (self._texts, self._query_images, self._images)
        self._prepares = encoder.has_thread_per_pass
        self._closed = False
        self.encoded = 0  # inputs so far
        # Start time of each thread's current batch.
        self._began: dict[threading.Thread, float] = {}
        self._is_broken = False
        self._threads = [
            threading.Thread(target=self._run, name=f"batcher-{n}", daemon=True) for n in range(encoder.passes)
        ]
        for thread in self._threads:
            thread.start()

    def submit_image(
        self, pixels: Pixels, *, is_query: bool = False, deadline: float | None = None
    ) -> "Future[Encoded]":
        """Queue the result of `Encoder.prepare`, uint8 of shape (height, width, 3). Blocks while the queue is full."""
        return self._submit(self._query_images if is_query else self._images, _Request(pixels, Future(), deadline))

    def submit_unprepared(self, prepare: Callable[[], Pixels], size: int) -> "Future[Encoded]":
        """Queue an image file of `size` bytes whose pixels `prepare` returns. Blocks while the queue is full.

        The future fails with what `prepare` raises. `prepare` runs in the thread that encodes the image if each pass
        has one thread only: more threads than cores would evict the model from the caches (docs/performance.md).
        Otherwise it runs in the caller's thread.
        """
        request = _Request(None, Future(), prepare=prepare, size=size)
        if not self._prepares and not _prepare(request):
            return request.future
        return self._submit(self._images, request)

    def submit_text(self, text: str, *, deadline: float | None = None) -> "Future[Encoded]":
        """Queue a text. Blocks while the queue is full."""
        return self._submit(self._texts, _Request(text, Future(), deadline))

    def works(self) -> bool:
        """Whether all threads live, no batch takes longer than 300 s, and the model does not fail on every input."""
        is_stuck = any(time.monotonic() - began > _STUCK_SECONDS for began in list(self._began.values()))
        return all(thread.is_alive() for thread in self._threads) and not is_stuck and not self._is_broken

    def close(self) -> None:
        """Encode what is queued, then stop. Blocks until the threads have ended."""
        self._refuse_more()
        for thread in self._threads:
            thread.join()

    def _submit(self, queue: _Queue, request: _Request) -> "Future[Encoded]":
        with self._changed:
            while not self._closed and not queue.has_room_for(request) and not _is_late(request):
                queue.room.wait(None if request.deadline is None else request.deadline - time.monotonic())
            if self._closed:
                raise UnavailableError("The worker is shutting down.")
            if not _is_late(request):
                queue.put(request)
                self._changed.notify()
                return request.future
        _drop(request)
        return request.future

    def _run(self) -> None:
        batch: list[_Request] = []
        me = threading.current_thread()
        try:
            while queue := self._next():
                batch = self._take(queue)
                self._began[me] = time.monotonic()
                self._encode(queue.tower, [request for request in batch if _prepare(request)])
                del self._began[me]
        finally:
            # Requests are left only if this thread ends unexpectedly: their callers must not wait forever.
            self._refuse_more()
            for request in [*batch, *(request for queue in self._by_urgency for request in queue.waiting)]:
                _fail(request, UnavailableError("The model's thread has ended."))

    def _next(self) -> _Queue | None:
        """Wait for work. Return the most urgent queue, or None once the batcher is closed and all queues are empty."""
        with self._changed:
            while True:
                for queue in self._by_urgency:
                    if queue.waiting:
                        return queue
                if self._closed:
                    return None
                self._changed.wait()

    def _take(self, queue: _Queue) -> list[_Request]:
        batch: list[_Request] = []
        late: list[_Request] = []
        with self._changed:
            while queue.waiting and len(batch) < queue.tower.batch_size:
                request = queue.take()
                if _is_late(request):
                    late.append(request)
                elif request.future.set_running_or_notify_cancel():
                    batch.append(request)
            # Notify all callers: one whose image is still too large must not block one with a smaller image.
            queue.room.notify_all()
        for request in late:
            _drop(request)
        return batch

    def _refuse_more(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            for queue in self._by_urgency:
                queue.room.notify_all()

    def _encode(self, tower: _Tower, batch: list[_Request]) -> None:
        """Encode the batch. Bisect a part that fails until the bad input is alone, so that the others succeed."""
        parts = [batch] if batch else []
        while parts:
            part = parts.pop()
            error = self._try(tower, part)
            if error is None:
                continue
            if len(part) > 1:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
                if is_out_of_memory(error):
                    self._shrink(tower, len(part) - middle, error)
                continue
            verdict = self._verdict(tower, part[0].value, error)
            part[0].future.set_exception(verdict)
            if self._is_broken:
                for request in (request for rest in parts for request in rest):
                    request.future.set_exception(verdict)
                return

    def _try(self, tower: _Tower, part: list[_Request]) -> Exception | None:
        started = time.perf_counter()
        try:
            vectors = tower.encode([request.value for request in part])
            if len(vectors) != len(part) or not np.isfinite(vectors).all():
                raise ValueError("the model returned too few vectors or one that is not finite")
        except Exception as error:
            # The traceback's frames hold the batch's tensors; the next attempt needs their memory.
            return error.with_traceback(None) if is_out_of_memory(error) else error
        self._is_broken = False
        with self._changed:
            self.encoded += len(part)
        share = (time.perf_counter() - started) / len(part)
        for request, vector in zip(part, vectors, strict=True):
            request.future.set_result(Encoded(vector, share, request.prepare_seconds))
        return None

    def _shrink(self, tower: _Tower, size: int, error: Exception) -> None:
        """Limit later batches to this size: they would run out of memory, too."""
        release_memory()
        if size < tower.batch_size:
            tower.batch_size = size
            log.warning("Out of memory (%s): batch size reduced to %d.", type(error).__name__, size)

    def _verdict(self, tower: _Tower, value: Any, error: Exception) -> LichtbildError:
        """Blame the input, or the model and its device if a harmless input fails as well."""
        release_memory()
        try:
            self._is_broken = not np.isfinite(tower.encode([tower.harmless(value)])).all()
        except Exception:
            self._is_broken = True
        if self._is_broken:
            log.error("The model fails on every input.", exc_info=error)
            return UnavailableError(f"The model fails on every input ({type(error).__name__}).")
        log.warning("The model fails on one input.", exc_info=error)
        return ItemError("encode_failed", f"The model cannot encode this input ({type(error).__name__}).")


def _prepare(request: _Request) -> bool:
    """Make the value if it is missing. Return False if that failed, which ends the request."""
    if request.prepare is None:
        return True
    began = time.thread_time()
    try:
        request.value = request.prepare()
    except Exception as error:
        request.future.set_exception(error)
        return False
    request.prepare_seconds = time.thread_time() - began
    request.prepare, request.size = None, 0
    return True


def _is_late(request: _Request) -> bool:
    return request.deadline is not None and time.monotonic() >= request.deadline


def _drop(request: _Request) -> None:
    _fail(request, ItemError("timeout", "The model was busy until the deadline passed."))


def _fail(request: _Request, error: LichtbildError) -> None:
    """Fail a request unless it has ended."""
    if not request.future.done() and (request.future.running() or request.future.set_running_or_notify_cancel()):
        request.future.set_exception(error)
