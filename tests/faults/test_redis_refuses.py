"""Redis runs but refuses: it fails over, lacks replicas or memory, forgets its scripts, drops its clients."""

import itertools
from collections.abc import Iterator

import pytest
import requests

from shared.settings import Settings
from tests.faults.pictures import items, picture_at, urls
from tests.faults.schedule import at_progress, counting_attempts, stored
from tests.faults.sizes import SIZES
from tests.faults.table import Table
from tests.faults.transcript import Story
from tests.image_server import ImageServer
from tests.redis_faults import PASSING, REFUSING
from tests.stack import Lichtbild, wait_for

FAULTS = (*REFUSING, *PASSING)


@pytest.fixture(autouse=True)
def healthy_again(lichtbild: Lichtbild) -> Iterator[None]:
    """A story that fails leaves no refusing Redis to the next."""
    yield
    lichtbild.ready()


def answers(lichtbild: Lichtbild, collection: str) -> Iterator[requests.Response]:
    """What the API answers to those who submit, search and read."""
    item = {"photo_id": "unwanted", "url": "http://127.0.0.1:1/a.jpg"}
    yield lichtbild.post(f"/v1/ingest?collection={collection}_else", json={"items": [item]})
    yield lichtbild.post("/v1/search", json={"text": "a", "collection": collection})
    yield requests.get(f"{lichtbild.api}/v1/jobs", timeout=60)
    yield requests.get(f"{lichtbild.api}/readyz", timeout=60)


def test_an_ingest_survives_a_redis_that_refuses(
    lichtbild: Lichtbild, images: ImageServer, table: Table, collection: str, story: Story
) -> None:
    given = items(images, SIZES.ingest)
    job_id = lichtbild.ingest(given, collection)
    faults = itertools.cycle(FAULTS)

    done = set()
    with counting_attempts(lichtbild, job_id) as highest:
        for _ in at_progress(lichtbild, job_id, SIZES.ingest // 8, SIZES.deadline):
            fault = next(faults)
            done.add(fault)
            story.did(fault.__name__.replace("_", " "))
            with fault(lichtbild.redis):
                if fault in REFUSING:
                    refused, *others = answers(lichtbild, collection)
                    assert refused.status_code == 503, refused.text
                    assert refused.headers["Retry-After"]
                    assert {answer.status_code for answer in others} <= {200, 202, 503}
        job = lichtbild.finished(job_id)

    story.ended(job)
    assert done == set(FAULTS)
    assert (job["status"], stored(job), lichtbild.errors(job_id)) == ("succeeded", len(given), [])
    # What a worker has written and cannot settle counts an attempt once its lease has expired. No chunk has so many
    # that it is taken for one that kills its workers.
    assert highest[0] <= Settings().chunk_attempts
    table.check(collection, urls(given), picture_at)
    # No worker needs a hand: all are as before, and searches are answered.
    lichtbild.ready(len(lichtbild.workers()))
    wait_for(lambda: lichtbild.search(photo_id="p/1", collection=collection)["result"]["hits"], "a search")
