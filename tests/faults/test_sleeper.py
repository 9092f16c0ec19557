"""A worker that is stopped past its leases wakes with other workers' chunks in its hands, and writes them."""

import os
import signal

from tests.faults.gate import Gate
from tests.faults.pictures import items, picture_at, urls
from tests.faults.schedule import stored
from tests.faults.sizes import CHUNK, WORKERS
from tests.faults.table import Table
from tests.faults.transcript import Story
from tests.image_server import ImageServer
from tests.stack import Lichtbild, wait_for

SLEEPER = "ingest-2"
# As many as all workers hold at once: each has some of them.
COUNT = WORKERS * 4 * CHUNK


def put_to_sleep(lichtbild: Lichtbild, images: ImageServer, collection: str) -> tuple[str, int]:
    """A job, and the process that sleeps while it holds some of that job's chunks, its images on their way."""
    with Gate(images):
        job_id = lichtbild.ingest(items(images, COUNT), collection)
        wait_for(lambda: len(images.asked) == COUNT, "all workers to have asked for their images")
        process = lichtbild.send(SLEEPER, signal.SIGSTOP)
    # From here on the images are there to be read, for the sleeper too, once it wakes.
    return job_id, process


def wake_and_finish(lichtbild: Lichtbild, process: int) -> None:
    """It ends once it has done all that it held: nothing of it can come after that."""
    os.kill(process, signal.SIGCONT)
    os.kill(process, signal.SIGTERM)
    lichtbild.replaced(SLEEPER, process)


def test_its_late_rows_double_nothing(
    lichtbild: Lichtbild, images: ImageServer, table: Table, collection: str, story: Story
) -> None:
    job_id, process = put_to_sleep(lichtbild, images, collection)

    job = lichtbild.finished(job_id)
    story.did(f"{SLEEPER} stopped past its leases and continued")
    story.ended(job)
    asked_again = {path for path, times in images.asked.items() if times > 1}
    assert asked_again, "others did what it held"
    wake_and_finish(lichtbild, process)

    assert lichtbild.look(job_id) == job
    assert (job["status"], stored(job)) == ("succeeded", COUNT)
    table.check(collection, urls(items(images, COUNT)), picture_at)


def test_its_late_rows_do_not_replace_those_of_a_newer_submission(
    lichtbild: Lichtbild, images: ImageServer, table: Table, collection: str, story: Story
) -> None:
    older_id, process = put_to_sleep(lichtbild, images, collection)

    older = lichtbild.finished(older_id)
    newer = items(images, COUNT, edition=2)
    job = lichtbild.finished(lichtbild.ingest(newer, collection))
    story.did(f"{SLEEPER} stopped past its leases, and continued after newer pictures of the same ids were stored")
    story.ended(older)
    story.ended(job)
    wake_and_finish(lichtbild, process)

    assert lichtbild.look(older_id) == older
    assert (stored(older), stored(job)) == (COUNT, COUNT)
    table.check(collection, urls(newer), picture_at)
