"""Deleting a collection: over HTTP, by a worker's thread, in a real ledger and a real catalogue."""

import numpy as np
import pytest

from api.app import create_app
from shared.catalogue.interface import Row
from shared.errors import UnavailableError
from shared.ledger import keys
from shared.ledger.commands import CommandLedger
from shared.ledger.index_choices import IndexChoices
from shared.ledger.ingest import IngestLedger
from shared.uploads.thumbnails import Thumbnails
from tests.api.settling import settle, settle_claim
from worker.upkeep.deletions import Deletions

HASH = bytes(range(32))
PHOTOS = 5
VECTOR = np.array([1, 0, 0, 0], np.float32)


@pytest.fixture
def client(connection, settings, tmp_path):
    return create_app(settings.model_copy(update={"uploads_folder": str(tmp_path)})).test_client()


@pytest.fixture
def thumbnails(tmp_path) -> Thumbnails:
    return Thumbnails(tmp_path / "thumbnails")


@pytest.fixture
def deletions(connection, settings, catalogue, thumbnails) -> Deletions:
    ledger = CommandLedger(connection, settings, "delete")
    return Deletions(ledger, catalogue, thumbnails, IndexChoices(connection))


@pytest.fixture
def ingests(connection, settings) -> IngestLedger:
    return IngestLedger(connection, settings)


@pytest.fixture
def filled(catalogue, collection, thumbnails) -> str:
    write(catalogue, collection)
    for number in range(PHOTOS):
        thumbnails.save(collection, f"p{number}", HASH, b"jpeg")
    thumbnails.save("another", "p0", HASH, b"jpeg")
    return collection


def write(catalogue, collection: str, model: str = "m", dimension: int = 4) -> None:
    vector = np.eye(1, dimension, dtype=np.float32)[0]
    catalogue.ensure(collection, model, dimension)
    rows = [Row(f"p{number}", "http://h/x", vector, HASH, {}, 1) for number in range(PHOTOS)]
    catalogue.write(collection, rows)


def files(tmp_path) -> int:
    return len(list((tmp_path / "thumbnails").rglob("*.jpg")))


def start_ingest(client, collection: str, count: int = 1):
    items = [{"photo_id": str(number), "url": "http://example.org/1.jpg"} for number in range(count)]
    return client.post(f"/v1/ingest?collection={collection}", json={"items": items})


def names(client) -> set[str]:
    return {found["name"] for found in client.get("/v1/collections").json["collections"]}


def test_a_collection_is_deleted_by_a_job_with_its_photos_and_thumbnails(
    client, filled, deletions, catalogue, connection, tmp_path
):
    IndexChoices(connection).decline(filled)

    answer = client.delete(f"/v1/collections/{filled}")

    assert (answer.status_code, answer.json["kind"], answer.json["status"]) == (202, "delete", "queued")
    assert answer.headers["Location"] == answer.json["links"]["self"]
    assert filled in names(client)
    deletions.delete_waiting()
    assert client.get(answer.headers["Location"]).json["status"] == "succeeded"
    assert client.get(f"/v1/collections/{filled}").status_code == 404
    assert filled not in names(client)
    assert (catalogue.count(filled), catalogue.search(filled, VECTOR, 10)) == (0, [])
    assert files(tmp_path) == 1, "the thumbnail of another collection stays"
    assert not IndexChoices(connection).is_declined(filled)


def test_there_must_be_such_a_collection(client, connection):
    assert client.delete("/v1/collections/nowhere").status_code == 404
    assert client.delete("/v1/collections/No-where").status_code == 422


def test_a_new_collection_of_that_name_may_have_another_model(client, filled, deletions, catalogue):
    client.delete(f"/v1/collections/{filled}")
    deletions.delete_waiting()
    write(catalogue, filled, "another model", 8)
    assert client.get(f"/v1/collections/{filled}").json["model"] == "another model"
    assert catalogue.count(filled) == PHOTOS


def test_it_is_refused_while_an_ingest_is_unfinished(client, filled, deletions, ingests, catalogue):
    job = start_ingest(client, filled).json
    assert client.delete(f"/v1/collections/{filled}").status_code == 409
    client.post(f"/v1/jobs/{job['id']}/pause")
    refused = client.delete(f"/v1/collections/{filled}")
    assert (refused.status_code, refused.json["code"]) == (409, "conflict")
    assert "cancel it" in refused.json["detail"]
    deletions.delete_waiting()
    assert catalogue.count(filled) == PHOTOS
    client.post(f"/v1/jobs/{job['id']}/resume")
    settle(ingests, 0)
    assert client.delete(f"/v1/collections/{filled}").status_code == 202


def test_it_waits_for_the_chunks_of_a_cancelled_ingest_that_a_worker_holds(
    client, filled, deletions, ingests, catalogue
):
    """Their rows may be on the way to the catalogue, and would create the collection again."""
    job = start_ingest(client, filled).json
    claim = ingests.claim()
    client.post(f"/v1/jobs/{job['id']}/cancel")
    deletion = client.delete(f"/v1/collections/{filled}").json
    deletions.delete_waiting()
    assert (client.get(deletion["links"]["self"]).json["status"], catalogue.count(filled)) == ("queued", PHOTOS)
    settle_claim(ingests, claim, 0)
    deletions.delete_waiting()
    assert client.get(deletion["links"]["self"]).json["status"] == "succeeded"
    assert catalogue.describe(filled) is None


def test_ingests_wait_until_it_has_ended(client, filled, deletions):
    deletion = client.delete(f"/v1/collections/{filled}").json
    refused = start_ingest(client, filled)
    assert (refused.status_code, "being deleted" in refused.json["detail"]) == (503, True)
    assert start_ingest(client, f"{filled}_2").status_code == 202
    deletions.delete_waiting()
    assert client.get(deletion["links"]["self"]).json["status"] == "succeeded"
    assert start_ingest(client, filled).status_code == 202


def test_ingests_go_on_if_it_is_cancelled(client, filled, deletions, catalogue):
    deletion = client.delete(f"/v1/collections/{filled}").json
    assert client.post(f"/v1/jobs/{deletion['id']}/cancel").json["status"] == "cancelled"
    assert start_ingest(client, filled).status_code == 202
    deletions.delete_waiting()
    assert catalogue.count(filled) == PHOTOS


def test_deleting_twice_is_one_job(client, filled, deletions):
    first, second = (client.delete(f"/v1/collections/{filled}").json for _ in range(2))
    assert first["id"] == second["id"]
    deletions.delete_waiting()
    assert client.delete(f"/v1/collections/{filled}").status_code == 404


def test_a_worker_that_lost_its_claim_leaves_a_new_collection_alone(
    client, filled, deletions, catalogue, connection, settings
):
    """It was suspended after its claim; meanwhile another worker executed the command, and an ingest came."""
    client.delete(f"/v1/collections/{filled}")
    ledger = CommandLedger(connection, settings, "delete")
    (claimed,) = ledger.claim()
    catalogue.drop(filled)
    ledger.complete([claimed])
    write(catalogue, filled)
    deletions._delete(filled, [claimed])
    assert catalogue.count(filled) == PHOTOS


def test_it_is_repeated_after_a_failure_half_way(
    client, filled, deletions, catalogue, connection, tmp_path, monkeypatch
):
    def refuse(collection: str) -> None:
        raise UnavailableError("The catalogue is unavailable.")

    job = client.delete(f"/v1/collections/{filled}").json
    with monkeypatch.context() as away:
        away.setattr(catalogue, "drop", refuse)
        deletions.delete_waiting()
    assert client.get(job["links"]["self"]).json["status"] == "running"
    assert catalogue.count(filled) == PHOTOS
    # The claim expires, as that of a worker that died.
    connection.zadd(keys.commands("delete"), {job["id"]: 0})
    deletions.delete_waiting()
    assert client.get(job["links"]["self"]).json["status"] == "succeeded"
    assert (catalogue.describe(filled), files(tmp_path)) == (None, 1)
