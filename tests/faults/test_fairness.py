"""Jobs take turns: a small one does not wait for a huge one that came before it."""

from tests.faults.pictures import items
from tests.faults.sizes import SIZES
from tests.faults.transcript import Story
from tests.image_server import ImageServer
from tests.stack import Lichtbild, wait_for

SMALL = 20


def test_a_small_job_ends_while_the_huge_one_before_it_has_nearly_everything_before_it(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story
) -> None:
    huge = lichtbild.ingest(items(images, SIZES.huge), collection)
    wait_for(lambda: lichtbild.look(huge)["progress"]["stored"], "the first photos of the huge job")

    small = lichtbild.finished(lichtbild.ingest(items(images, SMALL, edition=2), f"{collection}_small"))
    at_that_time = lichtbild.look(huge)

    story.ended(small)
    story.ended(at_that_time)
    assert lichtbild.post(f"/v1/jobs/{huge}/cancel").ok
    assert (small["status"], small["progress"]["stored"]) == ("succeeded", SMALL)
    assert at_that_time["status"] == "running"
    assert at_that_time["progress"]["pending"] >= 0.75 * SIZES.huge
