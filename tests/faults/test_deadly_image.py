"""An image whose decoding kills the process: only that image fails, after a few restarts."""

from tests.faults.pictures import all_but, items, picture_at, place
from tests.faults.schedule import attempts, stored
from tests.faults.sizes import SIZES
from tests.faults.transcript import Story
from tests.gate import Gate
from tests.image_server import ImageServer
from tests.stack import CHUNK, WORKERS, Lichtbild, wait_for
from tests.tampering import DEADLY
from worker.ingest.job_slots import CHUNKS_PER_JOB


def test_an_image_that_kills_its_worker_fails_alone(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story
) -> None:
    given, deadly = items(images, SIZES.poisoned), SIZES.poisoned // 2
    images.default = all_but({deadly: DEADLY})

    job = lichtbild.finished(lichtbild.ingest(given, collection), SIZES.deadline)

    story.ended(job)
    failed = lichtbild.errors(job["id"])
    assert [(item["photo_id"], item["code"]) for item in failed] == [(f"p/{deadly}", "crashed_worker")]
    assert (job["status"], stored(job)) == ("succeeded", SIZES.poisoned - 1)
    first = deadly // CHUNK * CHUNK
    times = [images.asked[f"/1/{n}.jpg"] for n in range(first, first + CHUNK)]
    assert times[deadly - first] >= 3, "a worker died with it three times"
    assert min(times) >= 2, "its chunk was repeated after a worker died"
    assert lichtbild.catalogue.count(collection) == SIZES.poisoned - 1


def test_chunks_of_other_jobs_in_the_same_worker_do_not_fail_with_it(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story
) -> None:
    count = WORKERS * CHUNKS_PER_JOB * CHUNK

    def is_held(path: str) -> bool:
        """One image of each chunk of the other job, so that a worker has downloads left for the deadly image."""
        edition, number = place(path)
        return edition == 2 and number % CHUNK == 0

    with Gate(images, picture_at, is_held):
        answer = images.default
        images.default = lambda path: DEADLY if place(path) == (1, 0) else answer(path)
        neighbour = lichtbild.ingest(items(images, count, edition=2), f"{collection}_beside")
        lichtbild.each_worker_holds_a_chunk()
        poisoned = lichtbild.ingest(items(images, 3), collection)
        # Any worker that claims the deadly image holds chunks of the other job, too: those are claimed a second time.
        wait_for(lambda: attempts(lichtbild, neighbour) > 1, "a worker to die with chunks of the other job", 60)
        story.did("a worker died with chunks of another job in its hands")

    job = lichtbild.finished(poisoned, SIZES.deadline)
    story.ended(job)
    assert [(item["photo_id"], item["code"]) for item in lichtbild.errors(poisoned)] == [("p/0", "crashed_worker")]
    assert stored(job) == 2
    other = lichtbild.finished(neighbour, SIZES.deadline)
    assert (lichtbild.errors(neighbour), stored(other)) == ([], count)
