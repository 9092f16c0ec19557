"""`/v1/photos` and `/v1/collections`."""

import numpy as np
import pytest

from shared.catalogue.interface import Row


@pytest.fixture
def photos(catalogue, collection):
    catalogue.ensure(collection, "m", 4)
    vector = np.array([1, 0, 0, 0], np.float32)
    for photo_id in ("a", "a/b//c d?#%", "ü"):
        catalogue.write(collection, [Row(photo_id, f"http://h/{len(photo_id)}", vector, bytes(32), {"n": 1}, 1)])
    return collection


@pytest.mark.parametrize(
    ("path", "photo_id"), [("a", "a"), ("a%2Fb%2F%2Fc%20d%3F%23%25", "a/b//c d?#%"), ("%C3%BC", "ü")]
)
def test_a_photo_is_found_by_its_id(client, photos, path, photo_id):
    answer = client.get(f"/v1/photos/{path}?collection={photos}")
    assert answer.status_code == 200
    assert answer.json == {
        "photo_id": photo_id,
        "url": f"http://h/{len(photo_id)}",
        "attributes": {"n": 1},
        "model": "m",
    }


def test_the_embedding_comes_on_request(client, photos):
    assert client.get(f"/v1/photos/a?collection={photos}&include=embedding").json["embedding"] == [1, 0, 0, 0]
    assert client.get(f"/v1/photos/a?collection={photos}&include=x").status_code == 422


def test_any_photo(client, photos):
    answer = client.get(f"/v1/photos/random?collection={photos}")
    assert answer.json["photo_id"] in {"a", "a/b//c d?#%", "ü"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_collection_tells_its_model_and_size(client, photos):
    assert client.get(f"/v1/collections/{photos}").json == {
        "name": photos,
        "rows": 3,
        "model": "m",
        "dimension": 4,
        "index": {"type": None, "status": "none", "reason": None},
    }
    assert photos in [known["name"] for known in client.get("/v1/collections").json["collections"]]


@pytest.mark.parametrize("path", ["photos/x", "photos/random", "photos/x?collection=nothing", "collections/nothing"])
def test_what_is_not_there_is_404(client, path):
    assert client.get(f"/v1/{path}").status_code == 404


@pytest.mark.parametrize("path", ["photos/x?collection=a.b", "collections/A", "photos/random?collection=;"])
def test_a_bad_collection_name_is_422(client, path):
    assert client.get(f"/v1/{path}").status_code == 422
