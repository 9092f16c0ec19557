"""The batcher: one model, many callers."""

import threading
import time
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from shared.errors import ItemError, UnavailableError
from tests.stack import wait_for
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


def test_each_caller_gets_its_own_vector():
    batcher = Batcher(FakeEncoder())
    futures = {n: batcher.submit_image(n) for n in range(12)}
    for n, future in futures.items():
        assert np.allclose(future.result(10).vector, vector(n))
    batcher.close()


def test_what_waits_while_the_model_works_shares_the_next_batch():
    gate = threading.Event()
    encoder = FakeEncoder(gate)
    batcher = Batcher(encoder)
    first = batcher.submit_image(0)
    assert encoder.started.wait(10)
    rest = [batcher.submit_image(n) for n in range(1, 6)]
    gate.set()
    for future in [first, *rest]:
        future.result(10)
    assert encoder.batches == [[0], [1, 2, 3, 4], [5]]
    batcher.close()


def test_passes_go_side_by_side():
    gate = threading.Event()
    batcher = Batcher(FakeEncoder(gate, passes=2))
    futures = [batcher.submit_image(0)]
    wait_for(futures[0].running, "the first pass")
    futures.append(batcher.submit_image(1))
    wait_for(futures[1].running, "another beside it")
    gate.set()
    for number, future in enumerate(futures):
        assert np.allclose(future.result(10).vector, vector(number))
    assert batcher.works()
    batcher.close()


def test_queries_go_before_images():
    gate = threading.Event()
    encoder = FakeEncoder(gate)
    batcher = Batcher(encoder)
    batcher.submit_image(0)
    assert encoder.started.wait(10)
    futures = [batcher.submit_image(1), batcher.submit_text("2")]
    gate.set()
    for future in futures:
        future.result(10)
    assert encoder.batches == [[0], ["2"], [1]]
    batcher.close()


def test_a_bad_input_fails_alone():
    gate = threading.Event()
    encoder = FakeEncoder(gate)
    batcher = Batcher(encoder)
    batcher.submit_image(0)
    assert encoder.started.wait(10)
    futures = {n: batcher.submit_image(n) for n in (11, 12, 13, 14)}
    gate.set()
    with pytest.raises(ItemError) as failure:
        futures.pop(13).result(10)
    assert failure.value.code == "encode_failed"
    for n, future in futures.items():
        assert np.allclose(future.result(10).vector, vector(n))
    batcher.close()


def test_cancelled_work_is_not_encoded():
    gate = threading.Event()
    encoder = FakeEncoder(gate)
    batcher = Batcher(encoder)
    batcher.submit_image(0)
    assert encoder.started.wait(10)
    dropped, kept = batcher.submit_image(1), batcher.submit_image(2)
    assert dropped.cancel()
    gate.set()
    kept.result(10)
    assert encoder.batches == [[0], [2]]
    batcher.close()


def test_a_full_queue_holds_the_caller_until_there_is_room():
    gate = threading.Event()
    encoder = FakeEncoder(gate)
    batcher = Batcher(encoder)
    batcher.submit_image(0)
    assert encoder.started.wait(10)
    for n in range(1, 17):
        batcher.submit_image(n)
    one_more: list = []
    caller = threading.Thread(target=lambda: one_more.append(batcher.submit_image(17)))
    caller.start()
    caller.join(0.1)
    assert caller.is_alive() and not one_more
    gate.set()
    caller.join(10)
    assert np.allclose(one_more[0].result(10).vector, vector(17))
    batcher.close()


def test_closing_finishes_what_was_submitted_and_refuses_more():
    batcher = Batcher(FakeEncoder())
    future = batcher.submit_image(3)
    batcher.close()
    assert np.allclose(future.result(0).vector, vector(3))
    with pytest.raises(UnavailableError):
        batcher.submit_image(4)


def test_a_vector_that_is_not_finite_is_an_error_not_a_row():
    class Broken(FakeEncoder):
        def encode_images(self, pixels):
            return np.array([[np.nan, 0] if int(p) == 13 else [1, 0] for p in pixels], np.float32)

    batcher = Batcher(Broken())
    with pytest.raises(ItemError, match="cannot encode"):
        batcher.submit_image(13).result(10)
    assert batcher.works()
    batcher.close()


def test_a_model_that_encodes_nothing_any_more_is_our_fault_and_no_items():
    class Device(FakeEncoder):
        is_lost = True

        def encode_images(self, pixels):
            if self.is_lost:
                raise RuntimeError("device lost")
            return super().encode_images(pixels)

    device = Device()
    batcher = Batcher(device)
    for future in [batcher.submit_image(n) for n in range(3)]:
        with pytest.raises(UnavailableError, match="RuntimeError"):
            future.result(10)
    assert not batcher.works()
    device.is_lost = False
    assert np.allclose(batcher.submit_image(5).result(10).vector, vector(5))
    assert batcher.works()
    batcher.close()


def held(encoder: FakeEncoder, gate: threading.Event) -> Batcher:
    """A batcher whose model is at work on image 0 until the gate opens."""
    batcher = Batcher(encoder)
    batcher.submit_image(0)
    assert encoder.started.wait(10)
    return batcher


def test_an_image_that_somebody_waits_for_goes_before_the_others_and_after_texts():
    gate = threading.Event()
    encoder = FakeEncoder(gate)
    batcher = held(encoder, gate)
    futures = [batcher.submit_image(1), batcher.submit_image(2, is_query=True), batcher.submit_text("3")]
    gate.set()
    for future in futures:
        future.result(10)
    assert encoder.batches == [[0], ["3"], [2], [1]]
    batcher.close()


def test_texts_and_images_have_their_own_batch_sizes():
    gate = threading.Event()
    encoder = FakeEncoder(gate)
    batcher = held(encoder, gate)
    futures = [*(batcher.submit_image(n) for n in range(1, 6)), *(batcher.submit_text(str(n)) for n in range(4))]
    gate.set()
    for future in futures:
        future.result(10)
    assert encoder.batches == [[0], ["0", "1", "2"], ["3"], [1, 2, 3, 4], [5]]
    batcher.close()


def test_what_is_past_its_deadline_is_dropped_unprocessed():
    gate = threading.Event()
    encoder = FakeEncoder(gate)
    batcher = held(encoder, gate)
    deadline = time.monotonic() + 0.05
    late = batcher.submit_text("1", deadline=deadline)
    kept = batcher.submit_text("2", deadline=time.monotonic() + 60)
    assert not gate.wait(0.06)
    gate.set()
    with pytest.raises(ItemError) as failure:
        late.result(10)
    assert failure.value.code == "timeout"
    assert np.allclose(kept.result(10).vector, vector(2))
    assert encoder.batches == [[0], ["2"]]
    batcher.close()


def test_a_caller_waits_for_room_no_longer_than_its_deadline():
    gate = threading.Event()
    encoder = FakeEncoder(gate)
    batcher = held(encoder, gate)
    for n in range(1, 17):
        batcher.submit_image(n)
    with pytest.raises(ItemError, match="until the deadline"):
        batcher.submit_image(17, deadline=time.monotonic() + 0.05).result(0)
    gate.set()
    batcher.close()
    assert 17 not in [n for batch in encoder.batches for n in batch]


class Small(FakeEncoder):
    """A device that holds two inputs at once, and never the number 14."""

    def _encode(self, values):
        if len(values) > 2 or 14 in values:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return super()._encode(values)


def test_a_batch_that_does_not_fit_is_halved_and_later_ones_are_no_bigger():
    gate = threading.Event()
    encoder = Small(gate)
    batcher = held(encoder, gate)
    futures = {n: batcher.submit_image(n) for n in range(1, 9)}
    gate.set()
    for n, future in futures.items():
        assert np.allclose(future.result(10).vector, vector(n))
    assert encoder.batches == [[0], [1, 2], [3, 4], [5, 6], [7, 8]]
    batcher.close()


def test_an_input_that_alone_does_not_fit_fails_alone():
    gate = threading.Event()
    encoder = Small(gate)
    batcher = held(encoder, gate)
    futures = {n: batcher.submit_image(n) for n in (11, 12, 14, 15)}
    gate.set()
    with pytest.raises(ItemError, match="OutOfMemoryError"):
        futures.pop(14).result(10)
    for n, future in futures.items():
        assert np.allclose(future.result(10).vector, vector(n))
    batcher.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_ends_unforeseen_leaves_nobody_waiting():
    class Ending(FakeEncoder):
        def _encode(self, _values):
            if self._gate:
                assert self._gate.wait(10)
            raise SystemExit

    gate = threading.Event()
    batcher = Batcher(Ending(gate))
    futures = [batcher.submit_image(n) for n in range(10)]
    gate.set()
    for future in futures:
        with pytest.raises(UnavailableError):
            future.result(10)
    batcher.close()
    assert not batcher.works()
    with pytest.raises(UnavailableError):
        batcher.submit_text("1")


@pytest.mark.parametrize("in_the_models", [True, False])
def test_an_image_is_prepared_by_the_models_thread_if_that_is_all_that_computes_and_else_by_the_callers(in_the_models):
    encoder = FakeEncoder()
    encoder.has_thread_per_pass = in_the_models
    batcher = Batcher(encoder)
    threads: list[threading.Thread] = []

    def prepare() -> int:
        threads.append(threading.current_thread())
        return 3

    assert np.allclose(batcher.submit_unprepared(prepare, 100).result(10).vector, vector(3))
    assert (threads == [threading.current_thread()]) != in_the_models
    batcher.close()


@pytest.mark.parametrize("in_the_models", [True, False])
def test_an_image_that_cannot_be_prepared_fails_alone(in_the_models):
    gate = threading.Event()
    encoder = FakeEncoder(gate)
    encoder.has_thread_per_pass = in_the_models
    batcher = held(encoder, gate)

    def broken() -> int:
        raise ItemError("broken_image", "no picture")

    before = batcher.submit_unprepared(lambda: 1, 100)
    failed = batcher.submit_unprepared(broken, 100)
    after = batcher.submit_unprepared(lambda: 2, 100)
    gate.set()
    with pytest.raises(ItemError, match="no picture"):
        failed.result(10)
    assert np.allclose(before.result(10).vector, vector(1))
    assert np.allclose(after.result(10).vector, vector(2))
    assert encoder.batches == [[0], [1, 2]]
    batcher.close()


def test_images_that_wait_unprepared_are_held_back_by_their_bytes_and_a_smaller_one_may_pass():
    gate = threading.Event()
    encoder = FakeEncoder(gate)
    batcher = held(encoder, gate)
    half = 40 * 2**20
    futures = [batcher.submit_unprepared(lambda: 1, half)]
    caller = threading.Thread(target=lambda: futures.append(batcher.submit_unprepared(lambda: 2, half)))
    caller.start()
    caller.join(0.1)
    assert caller.is_alive()
    small = batcher.submit_unprepared(lambda: 3, 1000)
    gate.set()
    caller.join(10)
    assert [float(future.result(10).vector[0]) for future in futures] == pytest.approx([np.cos(1), np.cos(2)])
    assert np.allclose(small.result(10).vector, vector(3))
    assert encoder.batches == [[0], [1, 3], [2]]
    batcher.close()


def test_an_image_larger_than_all_room_is_taken_alone():
    batcher = Batcher(FakeEncoder())
    assert np.allclose(batcher.submit_unprepared(lambda: 1, 2**40).result(10).vector, vector(1))
    batcher.close()


def test_preparing_is_told_apart_from_encoding():
    def prepare() -> int:
        began = time.thread_time()
        while time.thread_time() - began < 0.05:
            pass
        return 1

    batcher = Batcher(FakeEncoder())
    encoded = batcher.submit_unprepared(prepare, 100).result(10)
    assert encoded.prepare_seconds >= 0.05 > encoded.seconds
    batcher.close()
