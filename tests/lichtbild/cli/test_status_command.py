"""`lichtbild status` and `lichtbild index`."""

import json

import pytest

from tests.lichtbild.cli.running import lichtbild
from tests.lichtbild.fake_api import FakeApi, Reply, ingest_job

NO_INDEX = {"type": None, "status": "none", "reason": None, "photos": 0}


@pytest.mark.parametrize(("ready", "status"), [(True, 0), (False, 1)])
def test_status_shows_readiness_workers_backlog_and_collections(api: FakeApi, ready: bool, status: int) -> None:
    checks = {"redis": True, "catalogue": True, "search_worker": ready, "ingest_worker": True}
    worker = {"name": "ingest-1", "queue": "ingest", "model": "m", "dimension": 512, "device": "cpu"}
    worker |= {"encoded_per_second": 181.5, "memory_bytes": 900 * 2**20}
    backlog = {"jobs": 2, "items": 1300, "held": 4, "searches": 1}
    answer = {"status": "…", "checks": checks, "workers": [worker], "backlog": backlog}
    api.on("GET", "/readyz", Reply(answer, 200 if ready else 503))
    photos = {"name": "photos", "photos": 600, "model": "m", "dimension": 512, "index": NO_INDEX}
    api.on("GET", "/v1/collections", Reply({"collections": [photos]}))

    as_text = lichtbild("status", api=api.url)
    as_json = lichtbild("status", "--json", api=api.url)

    assert (as_text.returncode, as_json.returncode) == (status, status)
    assert f"{api.url} is {'ready' if ready else 'not ready'}" in as_text.stdout
    assert "photos         600  m            512  none" in as_text.stdout
    assert json.loads(as_json.stdout)["checks"] == checks
    assert "waiting         ingest: 1300 items, search: 1" in as_text.stdout
    assert "ingest-1  ingest  181.5  900 MiB  cpu     m" in as_text.stdout
    document = json.loads(as_json.stdout)
    assert document["collections"][0]["photos"] == 600
    assert document["workers"] == [{name: worker[name] for name in worker if name != "dimension"}]
    assert document["backlog"] == backlog


def test_an_index_is_built_dropped_and_shown(api: FakeApi) -> None:
    job = ingest_job("running", job_id="i1", kind="index", progress=None)
    photos = {"name": "mine", "photos": 25_000, "model": "m", "dimension": 512}
    built = {"type": "hnsw", "status": "built", "reason": None, "photos": 25_100}
    failed = {"type": "hnsw", "status": "error", "reason": "No memory", "photos": 0}
    api.on("POST", "/v1/collections/mine/index", Reply(job, 202))
    api.on("DELETE", "/v1/collections/mine/index", Reply(job, 202))
    api.on("GET", "/v1/jobs/i1", Reply({**job, "status": "succeeded"}))
    shown = [built, NO_INDEX, built, failed]
    api.on("GET", "/v1/collections/mine", *(Reply({**photos, "index": index}) for index in shown))

    done = [
        lichtbild("index", *words, "--collection", "mine", api=api.url)
        for words in (("build",), ("drop",), ("status", "--json"), ("status",), ("build", "--detach"))
    ]

    assert [run.returncode for run in done] == [0] * 5
    assert "(hnsw) is built" in done[0].stdout
    assert "covers 25,000 of 25,000 photos" in done[0].stdout
    assert "no index" in done[1].stdout
    assert json.loads(done[2].stdout) == built
    assert "not built: No memory" in done[3].stdout
    assert done[4].stdout == "i1\n"


def test_status_of_an_older_api_shows_no_backlog(api: FakeApi) -> None:
    api.on("GET", "/readyz", Reply({"status": "ready", "checks": {"redis": True}}))

    done = lichtbild("status", api=api.url)

    assert (done.returncode, done.stderr) == (0, "")
    assert "waiting" not in done.stdout
