"""Images that the batcher prepares: in which thread, within how many bytes, and how the time is counted."""

import threading
import time

import numpy as np
import pytest

from shared.errors import ItemError
from tests.worker.model.fake_encoder import FakeEncoder, held, vector
from worker.model.batcher import Batcher


@pytest.mark.parametrize("in_the_models", [True, False])
def test_the_models_thread_prepares_images_if_each_pass_has_one_thread(in_the_models):
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


def test_unprepared_images_are_limited_by_bytes_and_a_smaller_one_may_pass():
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


def test_an_image_larger_than_the_limit_waits_alone():
    batcher = Batcher(FakeEncoder())
    assert np.allclose(batcher.submit_unprepared(lambda: 1, 2**40).result(10).vector, vector(1))
    batcher.close()


def test_prepare_and_encode_times_are_counted_separately():
    def prepare() -> int:
        began = time.thread_time()
        while time.thread_time() - began < 0.05:
            pass
        return 1

    batcher = Batcher(FakeEncoder())
    encoded = batcher.submit_unprepared(prepare, 100).result(10)
    assert encoded.prepare_seconds >= 0.05 > encoded.seconds
    batcher.close()
