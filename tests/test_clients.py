"""Both clients against a real stack: what the API sends is what they read."""

from collections.abc import Iterator
from typing import Any

import pytest

from lichtbild import Client, InvalidRequest, NotFound
from tests.lichtbild.in_a_loop import InALoop
from tests.pictures import photo
from tests.stack import Lichtbild


@pytest.fixture(params=[Client, InALoop], ids=["Client", "AsyncClient"])
def client(request: pytest.FixtureRequest, lichtbild: Lichtbild) -> Iterator[Any]:
    with request.param(lichtbild.api) as connected:
        yield connected


def test_a_story_of_most_calls(client, image_server, collection):
    for number in range(3):
        image_server.answers[f"/{number}.jpg"] = photo(number)
    listed = [(f"p{number}", f"{image_server.url}/{number}.jpg", {"n": number}) for number in range(3)]

    jobs = [client.ingest(listed, collection), *client.upload([("own", photo(7))], collection)]
    events = list(client.events(jobs[0].id))
    ended = client.wait_all([job.id for job in jobs], timeout=120)

    assert [(job.status, job.progress.stored) for job in ended] == [("succeeded", 3), ("succeeded", 1)]
    assert (events[-1].type, events[-1].job.status) == ("done", "succeeded")
    assert {event.type for event in events[:-1]} <= {"progress"}
    assert [job.id for job in client.iter_jobs() if job.collection == collection] == [job.id for job in reversed(jobs)]
    assert list(client.iter_errors(jobs[0].id)) == []
    assert client.collection(collection).photos == 4

    by_image = client.search(image=photo(1), collection=collection, name="query", metadata={"k": 1})
    assert (by_image[0].photo_id, len(by_image)) == ("p1", 4)
    both = client.search_batch(
        [{"text": "x", "collection": collection, "top_k": 2}, {"text": "y", "collection": "none"}]
    )
    assert [job.status for job in both] == ["succeeded", "failed"]
    assert len(both[0].result) == 2
    vectors = client.embed(["a harbour"], [photo(1)])
    assert [len(found.vector) for found in vectors] == [vectors.dimension] * 2
    assert client.photo("p1", collection, embedding=True).embedding == pytest.approx(vectors[1].vector, abs=1e-3)

    attributes = client.attributes(collection, {"n": {"gte": 1}})
    assert (attributes.matching_photos, [found.name for found in attributes.attributes]) == (2, ["n"])
    with pytest.raises(InvalidRequest) as refused:
        client.search("x", top_k=0, offset=-1, collection=collection)
    assert {fault.pointer for fault in refused.value.faults} == {"/top_k", "/offset"}
    client.delete_photo("p1", collection)
    with pytest.raises(NotFound):
        client.photo("p1", collection)
