"""The catalogue's disk is full in the middle of an ingest: the job and `/readyz` name it, and nothing is lost.

The server refuses inserts as on a full disk: less is free than a table's `min_free_disk_bytes_to_perform_insert`.
"""

from tests.faults.pictures import items, picture_at, urls
from tests.faults.sizes import SIZES
from tests.faults.table import Table
from tests.faults.transcript import Story
from tests.image_server import ImageServer
from tests.stack import CHUNK, Lichtbild, wait_for

FULL_DISK = "The disk of the catalogue is full."
SETTING = "min_free_disk_bytes_to_perform_insert"


def test_a_full_disk_is_named_and_loses_nothing(
    lichtbild: Lichtbild, images: ImageServer, table: Table, collection: str, story: Story
) -> None:
    given = items(images, SIZES.poisoned)
    lichtbild.finished(lichtbild.ingest(given[:CHUNK], collection))
    lichtbild.sql(f"ALTER TABLE `{collection}` MODIFY SETTING {SETTING} = {10**18}")
    story.did("full disk")

    job_id = lichtbild.ingest(given, collection)
    waiting = wait_for(lambda: lichtbild.look(job_id).get("waits_for"), "the job to name what it waits for")
    readiness = lichtbild.get("/readyz")

    assert waiting.startswith(FULL_DISK)
    assert readiness["waits_for"].startswith(FULL_DISK)
    assert readiness["status"] == "ready", "searches are answered"
    assert lichtbild.look(job_id)["status"] == "running"
    assert lichtbild.search(photo_id="p/1", collection=collection)["result"]["hits"]

    lichtbild.sql(f"ALTER TABLE `{collection}` RESET SETTING {SETTING}")
    job = lichtbild.finished(job_id, SIZES.deadline)

    story.ended(job)
    assert (job["status"], job["progress"]["failed"]) == ("succeeded", 0)
    assert "waits_for" not in job
    wait_for(lambda: "waits_for" not in lichtbild.get("/readyz"), "the end of the wait")
    table.check(collection, urls(given), picture_at)
