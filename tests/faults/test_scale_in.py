"""A worker that is asked to stop ends in time and hands back what it cannot finish, as if it had never had it."""

import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from shared.ledger import keys
from tests.faults.gate import Gate
from tests.faults.pictures import items, picture_at, urls
from tests.faults.schedule import at_progress, stored
from tests.faults.sizes import CHUNK, SIZES, WORKERS
from tests.faults.table import Table
from tests.faults.transcript import Story
from tests.image_server import ImageServer
from tests.stack import Lichtbild, wait_for

# The worker's own deadline is 12 s, and the supervisor waits for up to 5 s; the rest is for a machine that is busy.
# A hanging catalogue would be waited for for five minutes.
DEADLINE = 40.0
HELD_BY_ALL = WORKERS * 4 * CHUNK


def attempts(lichtbild: Lichtbild, job_id: str) -> int:
    """Of the chunk that was taken most often without being settled or handed back."""
    return max((int(count) for count in lichtbild.redis.hvals(keys.attempts(job_id))), default=0)


@contextmanager
def counting_attempts(lichtbild: Lichtbild, job_id: str) -> Iterator[list[int]]:
    """Look all the time; at the end there is the highest count that was seen."""
    over, seen = threading.Event(), [0]

    def look() -> None:
        while not over.wait(0.02):
            seen[0] = max(seen[0], attempts(lichtbild, job_id))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def stored_all(lichtbild: Lichtbild, job_id: str, count: int, story: Story) -> None:
    job = lichtbild.finished(job_id, SIZES.deadline)
    story.ended(job)
    assert (job["status"], stored(job)) == ("succeeded", count)


def test_workers_asked_to_stop_again_and_again_lose_nothing_and_count_no_attempt(
    lichtbild: Lichtbild, images: ImageServer, table: Table, collection: str, story: Story
) -> None:
    given = items(images, SIZES.ingest)
    job_id = lichtbild.ingest(given, collection)

    with counting_attempts(lichtbild, job_id) as highest:
        for _ in at_progress(lichtbild, job_id, SIZES.kill_every, SIZES.deadline):
            victim = random.choice(lichtbild.workers())
            process = lichtbild.send(victim, signal.SIGTERM)
            story.did(f"SIGTERM {victim}")
            lichtbild.replaced(victim, process, DEADLINE)
        stored_all(lichtbild, job_id, len(given), story)

    assert highest == [1]
    table.check(collection, urls(given), picture_at)


def test_a_worker_whose_downloads_hang_ends_in_time_and_hands_them_back(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story
) -> None:
    with Gate(images):
        job_id = lichtbild.ingest(items(images, HELD_BY_ALL), collection)
        wait_for(lambda: len(images.asked) == HELD_BY_ALL, "all workers to have asked for their images")
        process = lichtbild.send("ingest-1", signal.SIGTERM)
        story.did("SIGTERM ingest-1 while its downloads hang")
        lichtbild.replaced("ingest-1", process, DEADLINE)
        assert attempts(lichtbild, job_id) == 1
    stored_all(lichtbild, job_id, HELD_BY_ALL, story)


@pytest.fixture
def stopped_catalogue(lichtbild: Lichtbild) -> Iterator[Callable[[], None]]:
    """Makes the catalogue hang until the test is over, whatever comes of it."""
    stopped: list[int] = []
    yield lambda: stopped.append(lichtbild.send("catalogue", signal.SIGSTOP))
    if stopped:
        lichtbild.send("catalogue", signal.SIGCONT)


def test_workers_asked_to_stop_while_the_catalogue_hangs_end_in_time_and_hand_back_all(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story, stopped_catalogue: Callable[[], None]
) -> None:
    with Gate(images) as gate:
        job_id = lichtbild.ingest(items(images, HELD_BY_ALL), collection)
        wait_for(lambda: len(images.asked) == HELD_BY_ALL, "all workers to have asked for their images")
        stopped_catalogue()
        gate.open()
        processes = {name: lichtbild.send(name, signal.SIGTERM) for name in lichtbild.workers()}
        story.did("SIGTERM to all workers while the catalogue hangs")
        for name, process in processes.items():
            lichtbild.replaced(name, process, DEADLINE)
    assert attempts(lichtbild, job_id) <= 1
    lichtbild.send("catalogue", signal.SIGCONT)
    stored_all(lichtbild, job_id, HELD_BY_ALL, story)
    assert lichtbild.catalogue.count(collection) == HELD_BY_ALL


def test_a_worker_asked_to_stop_while_the_catalogue_is_away_ends_in_time_and_hands_back_all(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story
) -> None:
    with Gate(images) as gate:
        job_id = lichtbild.ingest(items(images, HELD_BY_ALL), collection)
        wait_for(lambda: len(images.asked) == HELD_BY_ALL, "all workers to have asked for their images")
        with lichtbild.kept_away("catalogue"):
            gate.open()
            process = lichtbild.send("ingest-1", signal.SIGTERM)
            story.did("SIGTERM ingest-1 while the catalogue is away")
            lichtbild.replaced("ingest-1", process, DEADLINE)
            assert attempts(lichtbild, job_id) == 1
    lichtbild.ready(WORKERS)
    stored_all(lichtbild, job_id, HELD_BY_ALL, story)
    assert lichtbild.catalogue.count(collection) == HELD_BY_ALL
