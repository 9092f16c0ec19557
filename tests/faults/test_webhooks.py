"""Webhooks of a running stack: whatever is killed, each event reaches the receiver under one id."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.due_webhooks import let_time_pass
from tests.image_server import ImageServer, serving
from tests.pictures import photo
from tests.stack import WORKERS, Lichtbild, wait_for
from tests.webhook_receiver import Receiver, receiving


@pytest.fixture
def images() -> Iterator[ImageServer]:
    with serving() as server:
        server.default = lambda path: photo(int(path.strip("/")))
        yield server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def delivered(lichtbild: Lichtbild, job_id: str) -> list[str]:
    """The ids of the job's webhooks that were delivered."""
    listed = lichtbild.get(f"/v1/jobs/{job_id}/deliveries")["deliveries"]
    return [delivery["id"] for delivery in listed if delivery["status"] == "delivered"]


def test_workers_and_redis_are_killed_while_webhooks_are_sent(lichtbild, images, receiver, collection):
    victims: list[str] = []

    def kill_the_workers() -> None:
        if not victims:
            victims.extend(lichtbild.workers())
            for worker in victims:
                # It may have been replaced meanwhile.
                with suppress(ProcessLookupError, AssertionError):
                    lichtbild.kill(worker)

    receiver.before_answer = kill_the_workers
    items = [{"photo_id": f"p{n}", "url": f"{images.url}/{n}"} for n in range(3)]
    path = f"/v1/ingest?collection={collection}&callback_url={receiver.url}"
    ingest = lichtbild.post(path, json={"items": items}).json()["id"]
    wait_for(lambda: len(victims) == WORKERS, "the first request")
    query = {"text": "a dog", "collection": collection, "callback_url": receiver.url}
    search = lichtbild.post("/v1/search", json=query).json()["id"]
    lichtbild.finished(search)
    lichtbild.kill("redis")
    lichtbild.ready(WORKERS)
    let_time_pass(lichtbild.redis)

    expected = {ingest: [f"msg_{ingest}_1"], search: [f"msg_{search}_1"]}
    wait_for(lambda: {job: delivered(lichtbild, job) for job in expected} == expected, "both webhooks")
    assert {request.id for request in receiver.requests} == {f"msg_{ingest}_1", f"msg_{search}_1"}
    for request in receiver.requests:
        sent = request.verified()
        assert sent["data"] == lichtbild.get(f"/v1/jobs/{sent['data']['id']}"), "the job as the API shows it"
    assert int(lichtbild.redis.get("lichtbild:deliveries-waiting")) == 0
