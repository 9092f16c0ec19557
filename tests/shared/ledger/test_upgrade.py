"""A running stack survives an upgrade: today's code finishes a ledger that the code of commit 2452159 wrote.

`before/ledger.json` is such a ledger, key by key, written by `before/write_ledger.py`. Its workers are gone.
"""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shared.domain.items import Outcome
from shared.domain.queries import Query, Term
from shared.doorbell import celery_app
from shared.ledger import keys
from shared.ledger.commands import CommandLedger
from shared.ledger.index_choices import IndexChoices
from shared.ledger.presence import QUEUES, Presence
from worker.tasks import register

_BEFORE = json.loads((Path(__file__).parent / "before" / "ledger.json").read_text())
_TIMES = ("created", "started", "finished", "deadline")
_DUE = ("lichtbild:leases", "lichtbild:searches", "lichtbild:orders:delete", "lichtbild:orders:index")


@pytest.fixture
def before(connection) -> dict[str, str]:
    """The old ledger in an empty Redis, as if it had been written just now. Return its jobs' ids by name."""
    seconds, micros = connection.time()
    age = seconds * 1000 + micros // 1000 - _BEFORE["written_ms"]
    for name, entry in _BEFORE["keys"].items():
        _restore(connection, name, entry["type"], entry["value"], age)
        if entry["ttl_ms"] > 0:
            connection.pexpire(name, entry["ttl_ms"])
    return _BEFORE["jobs"]


def _restore(connection, name: str, kind: str, value: Any, age: int) -> None:
    """Times are moved to the present. Leases and claims have expired, since the old workers are gone."""
    if kind == "string":
        connection.set(name, value.encode("latin-1"))
    elif kind == "set":
        connection.sadd(name, *value)
    elif kind == "list":
        connection.rpush(name, *(part.encode("latin-1") for part in value))
    elif kind == "zset":
        moved = {member: 1 if name in _DUE else score + age if score > 1e12 else score for member, score in value}
        connection.zadd(name, moved)
    else:
        for field, content in value:
            moved = str(int(content) + age) if field in _TIMES else content
            connection.hset(name, field, moved.encode("latin-1"))


def test_its_jobs_are_listed_as_they_were(before, jobs):
    found = {job.id: job.status for job in jobs.page("ingest", 100)[0]}
    assert found == {
        before["finished"]: "succeeded",
        before["cancelled"]: "cancelled",
        before["broken"]: "failed",
        before["paused"]: "paused",
        before["half"]: "running",
        before["queued"]: "queued",
        before["trial"]: "queued",
    }
    finished = jobs.get(before["finished"])
    assert (finished.total, finished.stored, finished.unchanged, finished.failed) == (3, 1, 1, 1)
    assert jobs.get(before["queued"]).parent_id == before["finished"]
    assert jobs.get(before["broken"]).error["code"] == "model_mismatch"


def test_its_open_ingests_are_finished_with_each_item_once(before, jobs, ingests, connection):
    jobs.resume(before["paused"])
    settled: dict[str, list[str]] = {}
    preflights = set()
    while claim := ingests.claim():
        assert ingests.extend([claim]) == [claim]
        assert claim.version == int(connection.hget(keys.job(claim.job_id), "version"))
        settled.setdefault(claim.job_id, []).extend(item.id for item in claim.items)
        preflights |= {claim.job_id} if claim.preflight else set()
        assert ingests.settle(claim, Outcome(len(claim.items), 0, [], 10, {"fetch": 0.1}))
    assert {name: sorted(settled.pop(before[name])) for name in ("half", "paused", "queued", "trial")} == {
        "half": [f"half-{chunk}-{n}" for chunk in range(1, 5) for n in range(3)],
        "paused": [f"paused-{chunk}-{n}" for chunk in range(1, 3) for n in range(3)],
        "queued": [f"queued-0-{n}" for n in range(3)],
        "trial": [f"trial-0-{n}" for n in range(3)],
    }
    assert not settled, "no chunk of a job that had ended is given out"
    assert preflights == {before["trial"]}
    half = jobs.get(before["half"])
    assert (half.status, half.stored, half.unchanged, half.failed, half.pending) == ("succeeded", 12, 1, 2, 0)
    assert jobs.get(before["paused"]).status == "succeeded"
    assert int(connection.hget(keys.collection_stats("photos"), "pending")) == 0
    assert not ingests.has_work()


def test_chunks_that_lost_their_workers_keep_their_attempts(before, ingests):
    attempts = {}
    while claim := ingests.claim():
        attempts[claim.items[0].id] = claim.attempts
    # Claimed once before; a half of a split chunk that inherited two; released, so never counted; never claimed.
    assert {name: attempts[f"half-{name}"] for name in ("1-0", "2-0", "3-0", "4-0")} == {
        "1-0": 2,
        "2-0": 3,
        "3-0": 1,
        "4-0": 1,
    }


def test_its_failures_are_listed_and_can_be_retried(before, ingests):
    page, cursor = ingests.failures(before["half"], "0-0", 10)
    assert ([(failure.item.id, failure.code) for failure in page], cursor) == (
        [("half-0-0", "http_404"), ("half-0-1", "http_404")],
        None,
    )
    assert [item.url for item in ingests.failed_items(before["finished"], "http_404")] == ["http://h/0/0"]


def test_a_request_of_before_that_is_repeated_finds_its_job(before, ingests):
    submission = ingests.submission("photos")
    submission.stage([])
    assert submission.submit("key", "f" * 64) == before["finished"]


def test_its_searches_are_answered_and_the_answered_one_can_be_read(before, jobs, searches):
    assert searches.overdue() == (True, [])
    claims = {claim.job_id: claim for claim in searches.claim(10).searches}
    assert claims.keys() == {before["lost_search"], before["waiting_search"]}
    waiting = claims[before["waiting_search"]]
    assert waiting.query == Query((Term("image", ""), Term("text", "at night", 0.5)), 5, "photos", max_distance=0.9)
    assert waiting.images == {0: b"\xff\xd8bytes"}
    assert claims[before["lost_search"]].query.filter == {"n": 1}
    for job_id in claims:
        searches.complete(job_id, {"hits": []})
        assert jobs.get(job_id).status == "succeeded"
    answered = jobs.get(before["answered"]).result
    assert (answered["searchable_photos"], answered["pending_photos"]) == (2, 0)
    assert [(hit["photo_id"], hit["similarities"]) for hit in answered["hits"]] == [("finished-0-2", [0.5])]
    assert {job.id for job in jobs.page("search", 10)[0]} == {*claims, before["answered"]}


def test_its_catalogue_commands_are_carried_out(before, jobs, connection, settings):
    deletions, indexes = (CommandLedger(connection, settings, kind) for kind in ("delete", "index"))
    (deletion,) = deletions.claim()
    assert (deletion.job_id, deletion.collection, deletion.subject) == (before["delete"], "photos", "finished-0-2")
    assert deletion.version == int(connection.get(keys.SEQUENCE))
    (build,) = indexes.claim()
    assert (build.job_id, build.subject, build.started) == (before["build"], "build", True)
    deletions.complete([deletion])
    indexes.complete([build])
    assert {jobs.get(before[name]).status for name in ("delete", "build")} == {"succeeded"}
    assert not deletions.claim()
    assert not indexes.claim()
    assert IndexChoices(connection).is_declined("other")


def test_its_workers_are_known_until_they_are_gone(before, connection):
    assert Presence(connection).alive("ingest") == {"old-worker": {"model": "m", "dimension": 4}}


def test_its_doorbells_are_understood(before, settings):
    """The name of a queue in Redis, the serializer, the task's name and its arguments must be those of today."""
    app, answered = celery_app(settings), []
    for queue in QUEUES:
        register(app, queue, partial(answered.append, queue))
    for queue in ("ingest", "search"):
        with app.connection_for_read() as broker, broker.SimpleQueue(app.amqp.queues[queue]) as bells:
            bell = bells.get_nowait()
            arguments, options, _ = bell.payload
            app.tasks[bell.headers["task"]](*arguments, **options)
            bell.ack()
    assert answered == ["ingest", "search"]
