"""Parts are killed again and again while an ingest runs: nothing is lost, nothing is doubled, no vector is swapped."""

import random
import time
from collections.abc import Callable

import pytest

from shared.ledger import keys
from tests.faults.bell_thief import BellThief
from tests.faults.pictures import items, picture_at, urls
from tests.faults.schedule import at_progress, stored
from tests.faults.sizes import SIZES
from tests.faults.table import Table
from tests.faults.transcript import Story
from tests.image_server import ImageServer
from tests.stack import CHUNK, Lichtbild, wait_for

Blow = Callable[[Lichtbild, random.Random], str]


def kill_a_worker(lichtbild: Lichtbild, rng: random.Random) -> str:
    victim = rng.choice(lichtbild.workers())
    lichtbild.kill(victim)
    return f"kill -9 {victim}"


def kill(victim: str) -> Blow:
    def blow(lichtbild: Lichtbild, _: random.Random) -> str:
        lichtbild.kill(victim)
        return f"kill -9 {victim}"

    return blow


def kill_any(lichtbild: Lichtbild, rng: random.Random) -> str:
    blows = [kill_a_worker, kill("redis"), kill("catalogue"), kill("api"), delete_the_brokers_keys]
    return rng.choice(blows)(lichtbild, rng)


def delete_the_brokers_keys(lichtbild: Lichtbild, _: random.Random) -> str:
    """All that Celery keeps: bells in the queue, bells that are not acknowledged, bindings."""
    found = list(lichtbild.redis.scan_iter(match="lichtbild:celery:*", count=1000))
    if found:
        lichtbild.redis.delete(*found)
    return "the broker's keys deleted"


def keep_the_catalogue_away(lichtbild: Lichtbild, _: random.Random) -> str:
    """The time is part of the fault; nothing is waited for."""
    with lichtbild.kept_away("catalogue"):
        time.sleep(SIZES.away_seconds)
    return f"catalogue away for {SIZES.away_seconds:g} s"


@pytest.mark.parametrize(
    ("blow", "every"),
    [
        pytest.param(kill_a_worker, SIZES.kill_every, id="a random worker"),
        pytest.param(kill("redis"), SIZES.ingest // 6, id="redis"),
        pytest.param(kill("api"), SIZES.kill_every, id="the api"),
        pytest.param(kill_any, SIZES.kill_every, id="anything"),
        pytest.param(keep_the_catalogue_away, SIZES.ingest // 3, id="the catalogue"),
    ],
)
def test_an_ingest_survives_the_loss_of(
    lichtbild: Lichtbild,
    images: ImageServer,
    table: Table,
    collection: str,
    story: Story,
    rng: random.Random,
    blow: Blow,
    every: int,
) -> None:
    given = items(images, SIZES.ingest)
    job_id = lichtbild.ingest(given, collection)

    blows = 0
    for _ in at_progress(lichtbild, job_id, every, SIZES.deadline):
        story.did(blow(lichtbild, rng))
        blows += 1

    job = lichtbild.finished(job_id)
    story.ended(job)
    assert blows
    assert lichtbild.errors(job_id) == []
    assert (job["status"], stored(job), job["progress"]["pending"]) == ("succeeded", len(given), 0)
    lichtbild.ready()
    table.check(collection, urls(given), picture_at)


def test_an_ingest_survives_the_loss_of_its_doorbells(
    lichtbild: Lichtbild, images: ImageServer, table: Table, collection: str, story: Story, rng: random.Random
) -> None:
    given = items(images, SIZES.ingest)
    job_id = lichtbild.ingest(given, collection)

    stolen = 0
    for _ in at_progress(lichtbild, job_id, SIZES.kill_every, SIZES.deadline):
        with BellThief(lichtbild) as thief:
            wait_for(lambda: thief.stolen or not lichtbild.redis.exists(keys.ACTIVE), "a bell to steal")
            story.did(delete_the_brokers_keys(lichtbild, rng))
        stolen += thief.stolen

    job = lichtbild.finished(job_id)
    story.ended(job)
    story.say(f"{stolen} bells stolen")
    assert stolen
    assert (job["status"], stored(job), lichtbild.errors(job_id)) == ("succeeded", len(given), [])
    table.check(collection, urls(given), picture_at)


def test_the_reconciler_rings_for_a_job_whose_doorbell_was_stolen(
    lichtbild: Lichtbild, images: ImageServer, collection: str, story: Story
) -> None:
    with BellThief(lichtbild) as thief:
        job_id = lichtbild.ingest(items(images, CHUNK), collection)
        wait_for(lambda: thief.stolen, "the bell of the job to be stolen")
        assert (lichtbild.held(), lichtbild.look(job_id)["status"]) == (0, "queued")

    # Nobody rings now but the reconciler.
    job = lichtbild.finished(job_id)
    story.ended(job)
    assert (job["status"], stored(job)) == ("succeeded", CHUNK)
