"""`lichtbild collections`."""

import json

import pytest

from tests.lichtbild.cli.running import lichtbild
from tests.lichtbild.fake_api import FakeApi, Reply, ingest_job

MINE = {
    "name": "mine",
    "photos": 600,
    "model": "m",
    "dimension": 512,
    "index": {"type": None, "status": "none", "reason": None, "photos": 0},
}


@pytest.fixture
def stored(api: FakeApi) -> FakeApi:
    job = ingest_job("queued", job_id="d1", kind="delete", progress=None)
    api.on("GET", "/v1/collections", Reply({"collections": [MINE]}))
    api.on("GET", "/v1/collections/mine", Reply(MINE))
    api.on("DELETE", "/v1/collections/mine", Reply(job, 202))
    api.on("GET", "/v1/jobs/d1", Reply({**job, "status": "succeeded"}))
    return api


def deletions(api: FakeApi) -> int:
    return sum(call.method == "DELETE" for call in api.seen)


def test_collections_are_listed(stored: FakeApi) -> None:
    as_text = lichtbild("collections", "list", api=stored.url)
    as_json = lichtbild("collections", "list", "--json", api=stored.url)

    assert "mine           600  m            512  none" in as_text.stdout
    assert [found["name"] for found in json.loads(as_json.stdout)] == ["mine"]


def test_one_is_deleted_with_yes_only_where_nobody_can_be_asked(stored: FakeApi) -> None:
    refused = lichtbild("collections", "delete", "mine", api=stored.url)
    assert (refused.returncode, deletions(stored)) == (2, 0)
    assert "--yes" in refused.stderr

    done = lichtbild("collections", "delete", "mine", "--yes", api=stored.url)

    assert (done.returncode, done.stdout, deletions(stored)) == (0, "mine is deleted.\n", 1)
