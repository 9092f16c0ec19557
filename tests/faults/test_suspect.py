"""Chunks that lost their worker delay no other job, even among slow downloads."""

from tests.faults.pictures import items, picture_at, place
from tests.faults.schedule import attempts, stored
from tests.faults.sizes import SIZES
from tests.faults.transcript import Story
from tests.gate import Gate
from tests.image_server import ImageServer
from tests.stack import CHUNK, WORKERS, Lichtbild, each_worker_downloads, wait_for
from worker.ingest.job_slots import CHUNKS_PER_JOB

SLOW, SMALL = WORKERS * CHUNKS_PER_JOB * CHUNK, 5


def test_a_small_job_ends_beside_suspects_and_slow_downloads(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story
) -> None:
    def is_slow(path: str) -> bool:
        """Every second image of the slow job, so that its chunks do not end and the workers have downloads left."""
        edition, number = place(path)
        return edition == 2 and number % 2 == 0

    with Gate(images, picture_at, is_slow):
        slow = lichtbild.ingest(items(images, SLOW, edition=2), f"{collection}_slow")
        each_worker_downloads(images)
        lichtbild.kill("ingest-1")
        wait_for(lambda: attempts(lichtbild, slow) > 1, "a worker to claim a chunk of the lost one")
        story.did("kill -9 ingest-1")

        small = lichtbild.finished(lichtbild.ingest(items(images, SMALL), collection), 30)
        slow_then = lichtbild.look(slow)

    story.ended(small)
    story.ended(slow_then)
    assert (small["status"], stored(small)) == ("succeeded", SMALL)
    assert slow_then["progress"]["pending"] == SLOW, "no chunk of the slow job had ended"
    ended = lichtbild.finished(slow, SIZES.deadline)
    assert (ended["status"], stored(ended), lichtbild.errors(slow)) == ("succeeded", SLOW, [])
