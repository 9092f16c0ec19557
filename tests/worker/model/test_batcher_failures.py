"""The batcher when the model fails: at one input, at all, or for want of memory."""

import threading

import numpy as np
import pytest
import torch

from shared.errors import ItemError, UnavailableError
from tests.worker.model.fake_encoder import FakeEncoder, held, vector
from worker.model.batcher import Batcher


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


def test_a_vector_that_is_not_finite_is_an_error_not_a_row():
    class Broken(FakeEncoder):
        def encode_images(self, pixels):
            return np.array([[np.nan, 0] if int(p) == 13 else [1, 0] for p in pixels], np.float32)

    batcher = Batcher(Broken())
    with pytest.raises(ItemError, match="cannot encode"):
        batcher.submit_image(13).result(10)
    assert batcher.works()
    batcher.close()


def test_a_failing_model_is_unavailable_and_fails_no_item():
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
def test_an_unexpected_end_of_the_models_thread_fails_every_future():
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
