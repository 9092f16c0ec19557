"""A worker that dies while it deletes a collection: another one completes the deletion."""

import signal

import requests

from shared.ledger.commands import CommandLedger
from shared.settings import Settings
from tests.faults.pictures import items, picture_at, urls
from tests.faults.schedule import stored
from tests.faults.table import Table
from tests.faults.transcript import Story
from tests.image_server import ImageServer
from tests.stack import CHUNK, Lichtbild, wait_for


def test_a_deletion_is_completed_after_its_worker_was_killed(
    lichtbild: Lichtbild, images: ImageServer, table: Table, collection: str, story: Story
) -> None:
    """The catalogue hangs while the command is claimed, and all ingest workers are killed before it answers."""
    lichtbild.finished(lichtbild.ingest(items(images, CHUNK), collection))
    assert lichtbild.catalogue.count(collection) == CHUNK
    catalogue = lichtbild.send("catalogue", signal.SIGSTOP)
    try:
        # Over HTTP the API would ask the catalogue first whether there is such a collection.
        job_id = CommandLedger(lichtbild.redis, Settings(), "delete").enqueue(collection, "")
        wait_for(lambda: (lichtbild.look(job_id) or {}).get("status") == "running", "a worker to claim the deletion")
        killed = {worker: lichtbild.kill(worker) for worker in lichtbild.workers()}
        story.did("kill -9 of all ingest workers while one deletes the collection")
    finally:
        assert lichtbild.send("catalogue", signal.SIGCONT) == catalogue
    for worker, process in killed.items():
        lichtbild.replaced(worker, process)

    assert lichtbild.finished(job_id, 120)["status"] == "succeeded"
    assert requests.get(f"{lichtbild.api}/v1/collections/{collection}", timeout=60).status_code == 404

    # A new collection of this name has nothing of the old one.
    given = items(images, 3, edition=2)
    job = lichtbild.finished(lichtbild.ingest(given, collection))
    story.ended(job)
    assert (job["status"], stored(job)) == ("succeeded", 3)
    table.check(collection, urls(given), picture_at)
