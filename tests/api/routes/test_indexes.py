"""Building and dropping a collection's vector index: over HTTP, by a worker's thread, in a real catalogue."""

import time
from collections.abc import Iterator

import numpy as np
import pytest

from shared.catalogue.interface import Row
from shared.errors import ConfigurationError, UnavailableError
from shared.ledger.commands import CommandLedger
from worker.upkeep.build_progress import BuildProgress
from worker.upkeep.indexes import Indexes
from worker.upkeep.periodic import PeriodicThread

ROWS = 300


@pytest.fixture
def filled(catalogue, collection):
    vectors = np.random.default_rng(1).normal(size=(ROWS, 8)).astype(np.float32)
    catalogue.ensure(collection, "m", 8)
    catalogue.write(
        collection, [Row(str(n), "http://h/x", vector, bytes(32), {}, 1) for n, vector in enumerate(vectors)]
    )
    return collection


@pytest.fixture
def indexes(connection, settings, catalogue) -> Indexes:
    return Indexes(CommandLedger(connection, settings, "index"), catalogue, connection, ROWS)


@pytest.fixture
def working(connection, settings, catalogue) -> Iterator[None]:
    """A worker's index thread that executes commands only, without automatic builds."""
    indexes = Indexes(CommandLedger(connection, settings, "index"), catalogue, connection, 0)
    thread = PeriodicThread("indexes", indexes.wait_and_do, 0)
    thread.start()
    yield
    thread.close()


def ended(client, job: dict) -> dict:
    deadline = time.monotonic() + 30
    while job["status"] in {"queued", "running"}:
        assert time.monotonic() < deadline, job
        job = client.get(f"{job['links']['self']}?wait=5").json
    return job


def test_an_index_is_built_and_dropped_by_jobs(client, filled, working):
    assert client.get(f"/v1/collections/{filled}").json["index"] == {
        "type": None,
        "status": "none",
        "reason": None,
        "photos": 0,
    }
    answer = client.post(f"/v1/collections/{filled}/index")
    assert (answer.status_code, answer.json["kind"], answer.json["collection"]) == (202, "index", filled)
    assert answer.headers["Location"] == answer.json["links"]["self"]
    assert ended(client, answer.json)["status"] == "succeeded"
    index = client.get(f"/v1/collections/{filled}").json["index"]
    assert (index["status"], index["reason"], index["photos"]) == ("built", None, ROWS)
    assert index["type"]
    assert ended(client, client.delete(f"/v1/collections/{filled}/index").json)["status"] == "succeeded"
    assert client.get(f"/v1/collections/{filled}").json["index"]["status"] == "none"
    assert {job["status"] for job in client.get("/v1/jobs?kind=index").json["jobs"]} == {"succeeded"}


@pytest.mark.parametrize("method", ["post", "delete"])
def test_there_must_be_such_a_collection(client, connection, method):
    assert getattr(client, method)("/v1/collections/nowhere/index").status_code == 404
    assert getattr(client, method)("/v1/collections/No-where/index").status_code == 422


def test_building_and_dropping_twice_is_no_error(client, filled, working):
    for method in (client.post, client.post, client.delete, client.delete):
        assert ended(client, method(f"/v1/collections/{filled}/index").json)["status"] == "succeeded"


def test_an_order_waits_while_the_catalogue_is_away(client, filled, indexes, catalogue, monkeypatch):
    def refuse(collection: str) -> None:
        raise UnavailableError("The catalogue is unavailable.")

    job = client.post(f"/v1/collections/{filled}/index").json
    with monkeypatch.context() as away:
        away.setattr(catalogue, "build_index", refuse)
        indexes.do_waiting()
    assert client.get(job["links"]["self"]).json["status"] == "running"
    deadline = time.monotonic() + 30
    while client.get(job["links"]["self"]).json["status"] != "succeeded":
        indexes.do_waiting()
        assert time.monotonic() < deadline
    assert catalogue.index(filled).status == "built"


def test_a_collection_that_has_grown_large_gets_an_index_by_itself(client, filled, collection, indexes, catalogue):
    small = f"{collection}_small"
    catalogue.ensure(small, "m", 8)
    indexes.build_for_large_collections()
    ordered = {job["collection"] for job in client.get("/v1/jobs?kind=index").json["jobs"]}
    assert filled in ordered
    assert small not in ordered
    deadline = time.monotonic() + 30
    while catalogue.index(filled).status != "built":
        indexes.do_waiting()
        assert time.monotonic() < deadline
    assert catalogue.index(small).status == "none"


def test_an_index_that_was_dropped_on_purpose_is_not_built_by_itself(client, filled, indexes, connection):
    client.delete(f"/v1/collections/{filled}/index")
    indexes.do_waiting()
    indexes.build_for_large_collections()
    jobs = [job for job in client.get("/v1/jobs?kind=index").json["jobs"] if job["collection"] == filled]
    assert [job["status"] for job in jobs] == ["succeeded"]


def test_a_job_goes_on_while_the_server_reports_a_failure_of_the_past(client, filled, indexes, catalogue, monkeypatch):
    failed = type(catalogue.index(filled))("hnsw", "error", "Not enough memory", 0)
    job = client.post(f"/v1/collections/{filled}/index").json
    with monkeypatch.context() as failing:
        failing.setattr(catalogue, "index", lambda _: failed)
        failing.setattr(catalogue, "unindexed_parts", lambda _: 1)
        indexes.do_waiting()
        assert client.get(job["links"]["self"]).json["status"] == "running"
    deadline = time.monotonic() + 30
    while client.get(job["links"]["self"]).json["status"] != "succeeded":
        indexes.do_waiting()
        assert time.monotonic() < deadline


def test_a_build_that_makes_no_progress_fails_with_the_reason_of_the_server(
    client, filled, connection, settings, catalogue, monkeypatch
):
    failed = type(catalogue.index(filled))("hnsw", "error", "Not enough memory", 0)
    monkeypatch.setattr(catalogue, "index", lambda _: failed)
    ledger = CommandLedger(connection, settings, "index")
    indexes = Indexes(ledger, catalogue, connection, ROWS, progress=BuildProgress(stall_seconds=0))
    job = client.post(f"/v1/collections/{filled}/index").json
    indexes.do_waiting()
    job = client.get(job["links"]["self"]).json
    assert (job["status"], job["error"]["code"]) == ("failed", "index_failed")
    assert "Not enough memory" in job["error"]["detail"]


def test_an_index_that_is_set_wrongly_ends_its_job_and_no_other(client, filled, indexes, catalogue, monkeypatch):
    def refuse(collection: str) -> None:
        raise ConfigurationError("Set another type.")

    job = client.post(f"/v1/collections/{filled}/index").json
    with monkeypatch.context() as wrong:
        wrong.setattr(catalogue, "build_index", refuse)
        indexes.do_waiting()
    job = client.get(job["links"]["self"]).json
    assert (job["status"], job["error"]) == ("failed", {"code": "configuration", "detail": "Set another type."})
