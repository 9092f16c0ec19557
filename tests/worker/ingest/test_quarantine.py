"""Which chunks are in the model together, and who is blamed if the process crashes meanwhile."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from shared.errors import UnavailableError
from shared.ledger.ingest import Claim
from tests.stack import wait_for
from worker.ingest.quarantine import Quarantine


def chunk(number: int, *, lost: int = 0) -> Claim:
    """A claim of a chunk that has lost `lost` workers."""
    return Claim("job", number, "token", [], lost + 1, 1, "photos", False, False, False)


def suspect(number: int) -> Claim:
    return chunk(number, lost=1)


class Model:
    """What is in the model, and what is recorded as such."""

    def __init__(self) -> None:
        self.inside: list[Claim] = []
        self.recorded: Claim | None = None
        self.is_redis_away = False
        self.quarantine = Quarantine(self._record)
        self._lock = threading.Lock()

    def _record(self, claim: Claim | None) -> None:
        if self.is_redis_away:
            raise RedisConnectionError("away")
        self.recorded = claim

    def encode(self, claim: Claim, during: Callable[[], object] = lambda: None) -> None:
        self.quarantine.enter(claim)
        with self._lock:
            self.inside.append(claim)
        try:
            during()
        finally:
            with self._lock:
                self.inside.remove(claim)
            self.quarantine.leave()


class Gate:
    """Held images wait here, in the model."""

    def __init__(self) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.reached.set()
        assert self.opened.wait(10)


@pytest.fixture
def model() -> Model:
    return Model()


def test_healthy_chunks_are_in_the_model_together(model):
    meeting = threading.Barrier(4, timeout=10)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(model.encode, chunk(number), meeting.wait) for number in range(4)]:
            done.result(10)


def test_images_of_one_suspect_are_in_the_model_together(model):
    gate, meeting = Gate(), threading.Barrier(3, timeout=10)
    with ThreadPoolExecutor(4) as pool:
        healthy = pool.submit(model.encode, chunk(0), gate)
        assert gate.reached.wait(10)
        suspects = [pool.submit(model.encode, suspect(1), meeting.wait) for _ in range(3)]
        wait_for(lambda: model.quarantine._line and model.quarantine._line[0].waiting == 3, "three images to wait", 10)
        gate.opened.set()
        for done in [healthy, *suspects]:
            done.result(10)


def test_a_suspect_is_never_in_the_model_with_others_and_every_image_gets_its_turn(model):
    rng, seen = random.Random(1), []

    def look(claim: Claim) -> None:
        inside = list(model.inside)
        assert claim in inside
        assert not any(other.is_suspect for other in inside) or {other.chunk for other in inside} == {claim.chunk}
        assert model.recorded == (claim if claim.is_suspect else None)
        seen.append(claim)

    chunks = [rng.choice([chunk, suspect])(number) for number in range(12)]
    images = [rng.choice(chunks) for _ in range(600)]
    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(model.encode, claim, lambda claim=claim: look(claim)) for claim in images]:
            done.result(20)
    assert sorted(claim.chunk for claim in seen) == sorted(claim.chunk for claim in images)


def test_a_suspect_waits_for_images_in_the_model_and_for_no_later_ones(model):
    gate, order = Gate(), []
    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(model.encode, chunk(0), gate)]
        assert gate.reached.wait(10)
        running.append(pool.submit(model.encode, suspect(1), lambda: order.append("suspect")))
        wait_for(lambda: len(model.quarantine._line) == 1, "the suspect to wait", 10)
        running.append(pool.submit(model.encode, chunk(2), lambda: order.append("later")))
        wait_for(lambda: len(model.quarantine._line) == 2, "the later one to wait", 10)
        gate.opened.set()
        for done in running:
            done.result(10)
    assert order == ["suspect", "later"]


def test_a_crash_of_healthy_chunks_does_not_count_for_a_claimed_suspect(model):
    model.recorded = suspect(9)
    model.quarantine.announce(chunk(0))
    assert model.recorded == suspect(9), "a process without suspects records nothing"
    model.quarantine.announce(suspect(1))
    assert model.recorded is None


def test_an_image_that_fails_in_the_model_lets_the_next_in(model):
    def fail() -> None:
        raise ValueError

    for claim in (suspect(1), chunk(2), suspect(3)):
        with pytest.raises(ValueError):
            model.encode(claim, fail)
    model.encode(suspect(4))
    assert model.inside == []


def test_no_suspect_enters_the_model_while_redis_is_away(model):
    model.is_redis_away = True
    with pytest.raises(UnavailableError):
        model.quarantine.announce(suspect(1))
    with pytest.raises(UnavailableError):
        model.encode(suspect(1))
    # It is unknown whether the record was written, so no image may rely on it.
    with pytest.raises(UnavailableError):
        model.encode(chunk(2))
    model.is_redis_away = False
    for claim in (chunk(2), suspect(1), chunk(3)):
        model.encode(claim)
        assert model.recorded == (claim if claim.is_suspect else None)


def test_a_failing_redis_fails_all_waiting_images_at_once(model):
    gate = Gate()
    with ThreadPoolExecutor(4) as pool:
        inside = pool.submit(model.encode, chunk(0), gate)
        assert gate.reached.wait(10)
        waiting = [pool.submit(model.encode, claim) for claim in (suspect(1), chunk(2), suspect(3))]
        wait_for(lambda: len(model.quarantine._line) == 3, "three turns to wait", 10)
        model.is_redis_away = True
        gate.opened.set()
        inside.result(10)
        for done in waiting:
            with pytest.raises(UnavailableError):
                done.result(10)
