"""A worker is suspended between its lease check and its insert; it wakes after its leases ended, and writes."""

import os
import signal
from collections.abc import Iterator

import pytest

from tests.faults.pictures import items, picture_at, urls
from tests.faults.schedule import stored
from tests.faults.table import Table
from tests.faults.transcript import Story
from tests.gate import Gate
from tests.image_server import ImageServer
from tests.stack import CHUNK, WORKERS, Lichtbild, each_worker_downloads, wait_for
from tests.tampering import Tampering
from worker.ingest.job_slots import CHUNKS_PER_JOB

SLEEPER = "ingest-2"
COUNT = WORKERS * CHUNKS_PER_JOB * CHUNK


@pytest.fixture(autouse=True)
def awake(shared_stack: Lichtbild, tampering: Tampering) -> Iterator[None]:
    """The sleeper is awake before the next test, even if this one fails."""
    yield
    tampering.forget(SLEEPER)
    shared_stack.send(SLEEPER, signal.SIGCONT)


def put_to_sleep(lichtbild: Lichtbild, images: ImageServer, tampering: Tampering, collection: str) -> tuple[str, int]:
    """A job, and the id of the process that is suspended just before it inserts rows of that job."""
    process = lichtbild.process(SLEEPER)
    assert process is not None
    with Gate(images, picture_at):
        job_id = lichtbild.ingest(items(images, COUNT), collection)
        each_worker_downloads(images)
        tampering.stop_at_insert(SLEEPER)
    wait_for(lambda: tampering.is_stopped(SLEEPER), f"{SLEEPER} to be stopped at its insert")
    return job_id, process


def wake(lichtbild: Lichtbild, tampering: Tampering, process: int) -> None:
    """Let it insert, finish its claimed work and exit: nothing is written after that."""
    os.kill(process, signal.SIGCONT)
    wait_for(lambda: tampering.has_inserted(SLEEPER), f"the late insert of {SLEEPER}")
    os.kill(process, signal.SIGTERM)
    lichtbild.replaced(SLEEPER, process)


def test_its_late_rows_double_nothing(
    lichtbild: Lichtbild, images: ImageServer, tampering: Tampering, table: Table, collection: str, story: Story
) -> None:
    job_id, process = put_to_sleep(lichtbild, images, tampering, collection)

    job = lichtbild.finished(job_id)
    story.did(f"{SLEEPER} suspended before an insert until its leases had ended")
    story.ended(job)
    wake(lichtbild, tampering, process)

    assert lichtbild.look(job_id) == job
    assert (job["status"], stored(job)) == ("succeeded", COUNT)
    table.check(collection, urls(items(images, COUNT)), picture_at)


def test_its_late_rows_do_not_replace_those_of_a_newer_submission(
    lichtbild: Lichtbild, images: ImageServer, tampering: Tampering, table: Table, collection: str, story: Story
) -> None:
    older_id, process = put_to_sleep(lichtbild, images, tampering, collection)

    older = lichtbild.finished(older_id)
    newer = items(images, COUNT, edition=2)
    job = lichtbild.finished(lichtbild.ingest(newer, collection))
    story.did(f"{SLEEPER} suspended before an insert until newer pictures of the same ids were stored")
    story.ended(older)
    story.ended(job)
    wake(lichtbild, tampering, process)

    assert lichtbild.look(older_id) == older
    assert (stored(older), stored(job)) == (COUNT, COUNT)
    table.check(collection, urls(newer), picture_at)
