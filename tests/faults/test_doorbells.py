"""Doorbells may be lost: the ledger has the work, and the reconciler rings again."""

from shared.ledger import keys
from tests.faults.bell_thief import BellThief, delete_the_brokers_keys
from tests.faults.pictures import items, picture_at, urls
from tests.faults.schedule import at_progress, stored
from tests.faults.sizes import SIZES
from tests.faults.table import Table
from tests.faults.transcript import Story
from tests.image_server import ImageServer
from tests.stack import CHUNK, Lichtbild, wait_for


def test_an_ingest_survives_the_loss_of_its_doorbells(
    lichtbild: Lichtbild, images: ImageServer, table: Table, collection: str, story: Story
) -> None:
    given = items(images, SIZES.ingest)
    job_id = lichtbild.ingest(given, collection)

    stolen = 0
    for _ in at_progress(lichtbild, job_id, SIZES.kill_every, SIZES.deadline):
        with BellThief(lichtbild, "ingest") as thief:
            wait_for(lambda: thief.stolen or not lichtbild.redis.exists(keys.ACTIVE), "a bell to steal")
            delete_the_brokers_keys(lichtbild)
            story.did("the broker's keys deleted")
        stolen += thief.stolen

    job = lichtbild.finished(job_id)
    story.ended(job)
    story.note(f"{stolen} bells stolen")
    assert stolen
    assert (job["status"], stored(job), lichtbild.errors(job_id)) == ("succeeded", len(given), [])
    table.check(collection, urls(given), picture_at)


def test_the_reconciler_rings_for_a_job_whose_doorbell_was_stolen(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story
) -> None:
    with BellThief(lichtbild, "ingest") as thief:
        thief.wait_in_line()
        job_id = lichtbild.ingest(items(images, CHUNK), collection)
        wait_for(lambda: thief.stolen, "the bell of the job to be stolen")
        assert (lichtbild.held(), lichtbild.look(job_id)["status"]) == (0, "queued")

    # From now on only the reconciler rings.
    job = lichtbild.finished(job_id)
    story.ended(job)
    assert (job["status"], stored(job)) == ("succeeded", CHUNK)


def test_the_reconciler_rings_for_a_search_whose_doorbell_was_stolen(
    lichtbild: Lichtbild, images: ImageServer, collection: str
) -> None:
    lichtbild.finished(lichtbild.ingest(items(images, 3), collection))
    with BellThief(lichtbild, "search") as thief:
        thief.wait_in_line()
        job_id = lichtbild.post("/v1/search", json={"photo_id": "p/1", "collection": collection}).json()["id"]
        wait_for(lambda: thief.stolen, "the bell of the search to be stolen")
        assert lichtbild.look(job_id)["status"] == "queued"

    job = lichtbild.finished(job_id)
    assert (job["status"], job["result"]["hits"][0]["photo_id"]) == ("succeeded", "p/1")
