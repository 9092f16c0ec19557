"""A worker that gets SIGTERM ends in time and releases unfinished chunks, as if it had never claimed them."""

import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

from tests.faults.pictures import items, picture_at, urls
from tests.faults.schedule import at_progress, attempts, counting_attempts, stored
from tests.faults.sizes import SIZES
from tests.faults.table import Table
from tests.faults.transcript import Story
from tests.gate import Gate
from tests.image_server import ImageServer
from tests.stack import CHUNK, WORKERS, Lichtbild, each_worker_downloads, wait_for
from worker.ingest.job_slots import CHUNKS_PER_JOB

# docs/operating.md promises 12 s from SIGTERM to exit, even if something hangs. The margin is for a machine
# whose cores are busy with other tests. A worker that waited for a hanging catalogue would take five minutes.
PROMISED_SECONDS, MARGIN_SECONDS = 12.0, 3.0
COUNT = WORKERS * CHUNKS_PER_JOB * CHUNK


def ends_in_time(process: int) -> None:
    wait_for(lambda: not psutil.pid_exists(process), f"the end of process {process}", PROMISED_SECONDS + MARGIN_SECONDS)


def stored_all(lichtbild: Lichtbild, job_id: str, count: int, story: Story) -> None:
    job = lichtbild.finished(job_id, SIZES.deadline)
    story.ended(job)
    assert (job["status"], stored(job)) == ("succeeded", count)


def test_workers_asked_to_stop_again_and_again_lose_nothing_and_count_no_attempt(
    lichtbild: Lichtbild, images: ImageServer, table: Table, collection: str, story: Story, rng: random.Random
) -> None:
    given = items(images, SIZES.ingest)
    job_id = lichtbild.ingest(given, collection)

    with counting_attempts(lichtbild, job_id) as highest:
        for _ in at_progress(lichtbild, job_id, SIZES.kill_every, SIZES.deadline):
            victim = rng.choice(lichtbild.workers())
            process = lichtbild.send(victim, signal.SIGTERM)
            story.did(f"SIGTERM {victim}")
            ends_in_time(process)
            lichtbild.replaced(victim, process)
        stored_all(lichtbild, job_id, len(given), story)

    assert highest == [1]
    table.check(collection, urls(given), picture_at)


def test_a_worker_whose_downloads_hang_ends_in_time_and_hands_them_back(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story
) -> None:
    with Gate(images, picture_at):
        job_id = lichtbild.ingest(items(images, COUNT), collection)
        each_worker_downloads(images)
        process = lichtbild.send("ingest-1", signal.SIGTERM)
        story.did("SIGTERM ingest-1 while its downloads hang")
        ends_in_time(process)
        assert attempts(lichtbild, job_id) == 1
    stored_all(lichtbild, job_id, COUNT, story)


@contextmanager
def suspended(lichtbild: Lichtbild, name: str) -> Iterator[None]:
    """Suspend a process of the stack (SIGSTOP) until the block ends."""
    process = lichtbild.send(name, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


def test_workers_asked_to_stop_while_the_catalogue_hangs_end_in_time_and_hand_back_all(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story
) -> None:
    with Gate(images, picture_at) as gate:
        job_id = lichtbild.ingest(items(images, COUNT), collection)
        each_worker_downloads(images)
        with suspended(lichtbild, "catalogue"):
            gate.open()
            processes = [lichtbild.send(name, signal.SIGTERM) for name in lichtbild.workers()]
            story.did("SIGTERM to all workers while the catalogue hangs")
            for process in processes:
                ends_in_time(process)
            assert attempts(lichtbild, job_id) <= 1
    stored_all(lichtbild, job_id, COUNT, story)
    assert lichtbild.catalogue.count(collection) == COUNT


def test_a_worker_asked_to_stop_while_the_catalogue_is_away_ends_in_time_and_hands_back_all(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story
) -> None:
    with Gate(images, picture_at) as gate:
        job_id = lichtbild.ingest(items(images, COUNT), collection)
        each_worker_downloads(images)
        with lichtbild.kept_away("catalogue"):
            gate.open()
            process = lichtbild.send("ingest-1", signal.SIGTERM)
            story.did("SIGTERM ingest-1 while the catalogue is away")
            ends_in_time(process)
            assert attempts(lichtbild, job_id) == 1
    lichtbild.ready(WORKERS)
    stored_all(lichtbild, job_id, COUNT, story)
    assert lichtbild.catalogue.count(collection) == COUNT
