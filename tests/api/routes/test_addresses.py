"""Addresses in answers are absolute: by the request's own host, or by LICHTBILD_PUBLIC_URL."""

import json

import numpy as np
import pytest

from api.app import create_app
from shared.catalogue.interface import Row
from shared.domain.queries import Query, Term
from shared.uploads.thumbnails import thumbnail_url

THUMBNAIL = thumbnail_url("photos", "a/b", bytes(32))
PUBLIC = "https://photos.example.org/search"


def hit(photo_id: str, url: str, **more) -> dict:
    return {"photo_id": photo_id, "url": url, "distance": 0.5, "attributes": {}, **more}


@pytest.fixture
def answered(searches) -> str:
    """The id of a search with one uploaded photo, and a similar one, in its result."""
    job_id = searches.enqueue(Query((Term("text", "x"),), 5, "photos"), {}).job_id
    similar = [hit("c", THUMBNAIL), hit("d", "https://h/d.jpg")]
    hits = [hit("a/b", THUMBNAIL, similarities=[0.5], similar=similar)]
    took = {"queue": 0.1, "encode": 0.1, "search": 0.1}
    counts = {"searchable_photos": 1, "pending_photos": 0}
    searches.complete(job_id, {"hits": hits, "weights": [1.0], "model": "m", "took_ms": took, **counts})
    return job_id


@pytest.fixture
def public(connection, settings):
    return create_app(settings.model_copy(update={"public_url": PUBLIC})).test_client()


def test_links_and_thumbnails_have_the_host_of_the_request(client, answered):
    job = client.get(f"/v1/jobs/{answered}", headers={"Host": "127.0.0.1:8700"}).json

    assert job["links"]["self"] == f"http://127.0.0.1:8700/v1/jobs/{answered}"
    (found,) = job["result"]["hits"]
    assert found["url"] == f"http://127.0.0.1:8700{THUMBNAIL}"
    assert [photo["url"] for photo in found["similar"]] == [f"http://127.0.0.1:8700{THUMBNAIL}", "https://h/d.jpg"]


def test_behind_a_proxy_they_have_the_public_address(public, answered):
    job = public.get(f"/v1/jobs/{answered}").json
    accepted = public.post("/v1/search", json={"text": "x"})

    address = f"{PUBLIC}/v1/jobs/{answered}"
    assert job["links"] == {"self": address, "wait": f"{address}?wait=30", "events": f"{address}/events"}
    assert job["result"]["hits"][0]["url"] == PUBLIC + THUMBNAIL
    assert accepted.headers["Location"] == f"{PUBLIC}/v1/jobs/{accepted.json['id']}"


def test_the_host_of_the_public_address_is_served(public):
    assert public.get("/healthz", headers={"Host": "photos.example.org"}).status_code == 200
    assert public.get("/healthz", headers={"Host": "other.example.org"}).status_code == 403


def test_a_stream_of_events_has_the_address_of_its_request(client, answered):
    stream = client.get(f"/v1/jobs/{answered}/events", headers={"Host": "127.0.0.1:8700"}).text
    job = json.loads(stream.partition("data: ")[2].partition("\n")[0])
    assert job["links"]["self"] == f"http://127.0.0.1:8700/v1/jobs/{answered}"


def test_a_stored_photo_has_an_absolute_thumbnail(client, catalogue, collection):
    catalogue.ensure(collection, "m", 4)
    catalogue.write(collection, [Row("a/b", THUMBNAIL, np.eye(4, dtype=np.float32)[0], bytes(32), {}, 1)])
    photo = client.get(f"/v1/photos/a%2Fb?collection={collection}").json
    assert photo["url"] == f"http://localhost{THUMBNAIL}"
