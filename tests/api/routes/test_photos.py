"""`/v1/photos` and `/v1/collections`."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest

from shared.catalogue.interface import Row
from shared.ledger.commands import CommandLedger
from shared.ledger.index_choices import IndexChoices
from shared.uploads.thumbnails import Thumbnails
from worker.upkeep.deletions import Deletions
from worker.upkeep.periodic import PeriodicThread


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


def test_a_photo_is_found_by_either_unicode_form_of_its_id(client, photos):
    assert client.get(f"/v1/photos/u%CC%88?collection={photos}").json["photo_id"] == "ü"


def test_known_photos_are_compared_by_the_hash_of_their_bytes(client, photos):
    def known(*asked: tuple[str, str]):
        body = {"photos": [{"photo_id": photo_id, "sha256": sha256} for photo_id, sha256 in asked]}
        return client.post(f"/v1/photos/known?collection={photos}", json=body)

    answer = known(("a", "00" * 32), ("u\u0308", "11" * 32), ("new", "00" * 32))
    assert sorted(answer.json["photos"], key=lambda photo: photo["photo_id"]) == [
        {"photo_id": "a", "is_same": True, "attributes": {"n": 1}},
        {"photo_id": "ü", "is_same": False, "attributes": {"n": 1}},
    ]
    assert known(("a", "xx")).status_code == 422
    assert known().status_code == 422
    assert client.post("/v1/photos/known", data="{", content_type="application/json").status_code == 400
    assert client.post("/v1/photos/known", json={"photos": [{"photo_id": "a", "sha256": "00" * 32}]}).json == {
        "photos": []
    }


def test_the_embedding_comes_on_request(client, photos):
    assert client.get(f"/v1/photos/a?collection={photos}&include=embedding").json["embedding"] == [1, 0, 0, 0]
    assert client.get(f"/v1/photos/a?collection={photos}&include=x").status_code == 422


def test_any_photo(client, photos):
    answer = client.get(f"/v1/photos/random?collection={photos}")
    assert answer.json["photo_id"] in {"a", "a/b//c d?#%", "ü"}
    assert answer.headers["Cache-Control"] == "no-store"


def test_several_random_photos_are_a_list(client, photos):
    answer = client.get(f"/v1/photos/random?collection={photos}&count=2")
    found = [photo["photo_id"] for photo in answer.json["photos"]]
    assert len(set(found)) == len(found) == 2
    everything = client.get(f"/v1/photos/random?collection={photos}&count=100").json["photos"]
    assert {photo["photo_id"] for photo in everything} == {"a", "a/b//c d?#%", "ü"}
    for count in ("0", "101", "-1", "x"):
        assert client.get(f"/v1/photos/random?collection={photos}&count={count}").status_code == 422


def test_a_collection_tells_its_model_and_size(client, photos):
    assert client.get(f"/v1/collections/{photos}").json == {
        "name": photos,
        "photos": 3,
        "model": "m",
        "dimension": 4,
        "index": {"type": None, "status": "none", "reason": None, "photos": 0},
    }
    assert photos in [known["name"] for known in client.get("/v1/collections").json["collections"]]


@pytest.mark.parametrize("path", ["photos/x", "photos/random", "photos/x?collection=nothing", "collections/nothing"])
def test_what_is_not_there_is_404(client, path):
    assert client.get(f"/v1/{path}").status_code == 404


@pytest.mark.parametrize("path", ["photos/x?collection=a.b", "collections/A", "photos/random?collection=;"])
def test_a_bad_collection_name_is_422(client, path):
    assert client.get(f"/v1/{path}").status_code == 422


@pytest.fixture
def deleting(connection, settings, catalogue) -> Iterator[None]:
    """A worker's thread that deletes."""
    thumbnails, choices = Thumbnails.from_settings(settings), IndexChoices(connection)
    deletions = Deletions(CommandLedger(connection, settings, "delete"), catalogue, thumbnails, choices)
    thread = PeriodicThread("deletions", deletions.wait_and_delete, 0)
    thread.start()
    yield
    thread.close()


def test_a_deleted_photo_is_gone_when_the_answer_comes(client, photos, deleting, catalogue):
    answer = client.delete(f"/v1/photos/a%2Fb%2F%2Fc%20d%3F%23%25?collection={photos}")
    assert (answer.status_code, answer.data, answer.headers["Deleted-Photos"]) == (204, b"", "1")
    vector = np.array([1, 0, 0, 0], np.float32)
    assert {hit.photo.photo_id for hit in catalogue.search(photos, vector, 10)} == {"a", "ü"}
    assert client.get(f"/v1/photos/a%2Fb%2F%2Fc%20d%3F%23%25?collection={photos}").status_code == 404
    assert client.get(f"/v1/collections/{photos}").json["photos"] == 2
    (job,) = client.get("/v1/jobs?kind=delete").json["jobs"]
    assert (job["status"], job["kind"], job["progress"]) == ("succeeded", "delete", None)


def test_deleting_twice_or_what_never_was_is_no_error(client, photos, deleting):
    for photo_id, deleted in (("a", "1"), ("a", "0"), ("nobody", "0")):
        answer = client.delete(f"/v1/photos/{photo_id}?collection={photos}")
        assert (answer.status_code, answer.headers["Deleted-Photos"]) == (204, deleted)


def test_many_deletions_at_once_are_all_done(client, photos, deleting, catalogue, settings):
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda n=n: answers.append(client.delete(f"/v1/photos/x{n}?collection={photos}").status_code)
        )
        for n in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [204] * 16


def test_a_deletion_that_nobody_does_yet_is_a_job(client, photos, monkeypatch, connection, settings, catalogue):
    monkeypatch.setattr("api.routes.photos._DELETION_SECONDS", 0.0)
    answer = client.delete(f"/v1/photos/a?collection={photos}")
    assert (answer.status_code, answer.json["status"]) == (202, "queued")
    thumbnails, choices = Thumbnails.from_settings(settings), IndexChoices(connection)
    Deletions(CommandLedger(connection, settings, "delete"), catalogue, thumbnails, choices).delete_waiting()
    assert client.get(answer.headers["Location"]).json["status"] == "succeeded"
    assert client.get(f"/v1/photos/a?collection={photos}").status_code == 404


def test_what_cannot_be_deleted_is_refused(client, photos):
    assert client.delete("/v1/photos/a?collection=nothing").status_code == 404
    assert client.delete(f"/v1/photos/{'x' * 257}?collection={photos}").status_code == 422
    assert client.delete(f"/v1/photos/a?collection={photos}&now=1").status_code == 422
