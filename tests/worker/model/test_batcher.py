"""The batcher: one model, many callers."""

import threading
import time

import numpy as np
import pytest

from shared.errors import ItemError, UnavailableError
from tests.stack import wait_for
from tests.worker.model.fake_encoder import FakeEncoder, held, vector
from worker.model.batcher import Batcher


def test_each_caller_gets_its_own_vector():
    batcher = Batcher(FakeEncoder())
    futures = {n: batcher.submit_image(n) for n in range(12)}
    for n, future in futures.items():
        assert np.allclose(future.result(10).vector, vector(n))
    batcher.close()


def test_inputs_that_wait_for_the_model_share_the_next_batch():
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


def test_passes_run_in_parallel():
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


def test_texts_are_encoded_before_images():
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


def test_an_image_of_a_query_is_encoded_before_other_images_and_after_texts():
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


def test_a_caller_waits_while_the_queue_is_full():
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


def test_an_input_past_its_deadline_is_not_encoded():
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


def test_a_caller_waits_for_room_until_its_deadline_at_most():
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


def test_closing_finishes_what_was_submitted_and_refuses_more():
    batcher = Batcher(FakeEncoder())
    future = batcher.submit_image(3)
    batcher.close()
    assert np.allclose(future.result(0).vector, vector(3))
    with pytest.raises(UnavailableError):
        batcher.submit_image(4)
