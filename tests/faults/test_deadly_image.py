"""An image whose decoding kills the process: it fails alone, at the price of a few restarts."""

from tests.faults.gate import Gate
from tests.faults.pictures import DEADLY, all_but, items, place
from tests.faults.schedule import stored
from tests.faults.sizes import SIZES
from tests.faults.transcript import Story
from tests.image_server import ImageServer
from tests.stack import Lichtbild, wait_for


def test_an_image_that_kills_its_worker_fails_alone(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story
) -> None:
    given, deadly = items(images, SIZES.poisoned), SIZES.poisoned // 2
    images.default = all_but({deadly: DEADLY})

    job = lichtbild.finished(lichtbild.ingest(given, collection), SIZES.deadline)

    story.ended(job)
    failed = lichtbild.errors(job["id"])
    assert [(item["id"], item["code"]) for item in failed] == [(f"p/{deadly}", "crashed_worker")]
    assert (job["status"], stored(job)) == ("succeeded", SIZES.poisoned - 1)
    assert images.asked[f"/1/{deadly}.jpg"] >= 3, "no worker died of it"
    assert lichtbild.catalogue.count(collection) == SIZES.poisoned - 1


def test_small_jobs_in_the_same_workers_do_not_fail_with_it(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story
) -> None:
    with Gate(images, held=lambda path: place(path)[1] > 0) as gate:
        answer = images.default
        images.default = lambda path: DEADLY if place(path) == (1, 0) else answer(path)
        poisoned = lichtbild.ingest(items(images, 3), collection)
        beside = [lichtbild.ingest(items(images, 2, edition)[1:], f"{collection}_{edition}") for edition in (2, 3, 4)]
        wait_for(lambda: lichtbild.held() > 1, "chunks of several jobs in workers' hands")
        gate.open()

        job = lichtbild.finished(poisoned, SIZES.deadline)
        story.ended(job)
        assert [(item["id"], item["code"]) for item in lichtbild.errors(poisoned)] == [("p/0", "crashed_worker")]
        assert stored(job) == 2
        for other in beside:
            assert stored(lichtbild.finished(other)) == 1
