"""Processes are killed repeatedly while an ingest runs: nothing is lost, nothing is doubled, no vector is swapped."""

import random
import time
from collections.abc import Callable

import pytest

from tests.faults.bell_thief import delete_the_brokers_keys
from tests.faults.pictures import items, picture_at, urls
from tests.faults.schedule import at_progress, stored
from tests.faults.sizes import SIZES
from tests.faults.table import Table
from tests.faults.transcript import Story
from tests.image_server import ImageServer
from tests.stack import Lichtbild

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
    blows = [kill_a_worker, kill("redis"), kill("catalogue"), kill("api"), delete_bells]
    return rng.choice(blows)(lichtbild, rng)


def delete_bells(lichtbild: Lichtbild, _: random.Random) -> str:
    delete_the_brokers_keys(lichtbild)
    return "the broker's keys deleted"


def keep_the_catalogue_away(lichtbild: Lichtbild, _: random.Random) -> str:
    """The duration is part of the fault, not a wait for a condition."""
    with lichtbild.kept_away("catalogue"):
        time.sleep(SIZES.away_seconds)
    return f"catalogue away for {SIZES.away_seconds:g} s"


@pytest.mark.parametrize(
    ("blow", "every"),
    [
        pytest.param(kill_a_worker, SIZES.kill_every, id="a random worker"),
        pytest.param(kill("redis"), SIZES.outage_every, id="redis"),
        pytest.param(kill("api"), SIZES.kill_every, id="the api"),
        pytest.param(kill_any, SIZES.kill_every, id="anything"),
        pytest.param(keep_the_catalogue_away, 2 * SIZES.outage_every, id="the catalogue"),
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
