"""Whatever fails, is cancelled, is late or closes: every future ends once, with its own input's vector or a reason."""

import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass

import numpy as np
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from shared.errors import ItemError, UnavailableError
from worker.model.batcher import Batcher, Encoded

SECONDS = 30


@dataclass(frozen=True)
class Request:
    """What one caller does. `late`: its deadline has passed before it asks."""

    number: int
    is_text: bool
    is_query: bool
    is_bad: bool
    is_cancelled: bool
    is_late: bool


requests = st.lists(
    st.builds(
        Request,
        number=st.integers(0, 10**6),
        is_text=st.booleans(),
        is_query=st.booleans(),
        is_bad=st.integers(0, 9).map(lambda n: n == 0),
        is_cancelled=st.integers(0, 4).map(lambda n: n == 0),
        is_late=st.integers(0, 9).map(lambda n: n == 0),
    ),
    max_size=60,
)


class Unreliable:
    """Encodes numbers; refuses some, and any batch of more than `fits` for want of memory; stumbles now and then."""

    name, dimension, batch_size, text_batch_size, passes, edge = "unreliable", 2, 8, 5, 1, 1
    has_thread_per_pass = True

    def __init__(self, bad: set[int], fits: int, stumbles: set[int]) -> None:
        self._bad, self._fits, self._stumbles = bad, fits, stumbles
        self.calls = 0
        self.seen: Counter[int] = Counter()

    def encode_images(self, pixels: Sequence[np.ndarray]) -> np.ndarray:
        return self._encode([int(p) for p in pixels])

    def encode_texts(self, texts: Sequence[str]) -> np.ndarray:
        return self._encode([0 if text == "a" else int(text) for text in texts])

    def _encode(self, numbers: list[int]) -> np.ndarray:
        self.calls += 1
        if len(numbers) > self._fits:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        if len(numbers) > 1 and self.calls in self._stumbles:
            raise ValueError("a stumble")
        if self._bad & set(numbers):
            raise ValueError("a bad one")
        self.seen.update(numbers)
        return vectors(numbers)


def vectors(numbers: Sequence[int]) -> np.ndarray:
    angles = np.array(numbers, np.float64)
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def ending(future: "Future[Encoded]") -> object:
    try:
        return future.result(SECONDS)
    except CancelledError:
        return "cancelled"
    except UnavailableError:
        return "unavailable"
    except ItemError as error:
        return error.code


@dataclass
class Callers:
    """Asks, from several threads, and writes down how each request ended and how often its future called back."""

    batcher: Batcher
    ends: list[tuple[Request, object, int]]
    asked: threading.Semaphore

    def ask(self, share: list[Request]) -> None:
        for request in share:
            results: list[object] = []
            try:
                future = self._submit(request)
            except UnavailableError:
                self.ends.append((request, "refused", 1))
                continue
            finally:
                self.asked.release()
            future.add_done_callback(results.append)
            if request.is_cancelled:
                future.cancel()
            self.ends.append((request, ending(future), len(results)))

    def close(self, after: int) -> None:
        for _ in range(after):
            assert self.asked.acquire(timeout=SECONDS)
        self.batcher.close()

    def _submit(self, request: Request) -> "Future[Encoded]":
        deadline = time.monotonic() + (-1 if request.is_late else SECONDS)
        if request.is_text:
            return self.batcher.submit_text(str(request.number), deadline=deadline)
        return self.batcher.submit_image(np.array(request.number), is_query=request.is_query, deadline=deadline)


def is_right(request: Request, end: object, bad: set[int], closes: bool) -> bool:
    if isinstance(end, Encoded):
        is_own = np.allclose(end.vector, vectors([request.number])[0])
        return is_own and not request.is_late and request.number not in bad
    reasons = {
        "encode_failed": request.number in bad,
        "timeout": request.is_late,
        "cancelled": request.is_cancelled,
        "refused": closes,
    }
    return reasons.get(str(end), False)


@hypothesis_settings(max_examples=60, deadline=None)
@given(
    wanted=requests,
    fits=st.integers(1, 8),
    stumbles=st.sets(st.integers(1, 20), max_size=6),
    count=st.integers(1, 5),
    closes_after=st.none() | st.integers(0, 40),
)
def test_every_future_ends_once_with_its_own_vector_or_a_reason(wanted, fits, stumbles, count, closes_after):
    bad = {request.number for request in wanted if request.is_bad} - {0}
    encoder = Unreliable(bad, fits, stumbles)
    callers = Callers(Batcher(encoder), [], threading.Semaphore(0))

    threads = [threading.Thread(target=callers.ask, args=(wanted[n::count],)) for n in range(count)]
    if closes_after is not None:
        threads.append(threading.Thread(target=callers.close, args=(min(closes_after, len(wanted)),)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive()
    callers.batcher.close()

    assert Counter(request for request, _, _ in callers.ends) == Counter(wanted)
    assert [end for end in callers.ends if not is_right(end[0], end[1], bad, closes_after is not None)] == []
    assert all(results <= 1 for _, _, results in callers.ends)
    assert set(encoder.seen) <= {request.number for request in wanted if not request.is_late} | {0}
