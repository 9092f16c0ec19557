"""The size of each story: full for `make faults`, or reduced for `make test`."""

import os
from dataclasses import dataclass

FULL = os.environ.get("FAULTS") == "full"


@dataclass(frozen=True)
class Sizes:
    """Counts of items, and durations in seconds."""

    ingest: int  # items of an ingest during which processes are killed
    kill_every: int  # settled items between two kills
    outage_every: int  # settled items between two losses of Redis; the catalogue is lost half as often
    away_seconds: float  # duration of an outage of the catalogue
    poisoned: int  # items of a job with an image that kills its worker
    huge: int  # items of the job submitted before a small one
    published: int  # rows of a list as it is published
    hostile: int  # items of the list with every kind of bad image
    submitted: int  # items of one request, while no worker runs
    wide: int  # the same, with all of Unsplash's columns
    deadline: float  # seconds after which a story fails


SIZES = (
    Sizes(
        ingest=5_000,
        kill_every=350,
        outage_every=833,
        away_seconds=20,
        poisoned=2_000,
        huge=100_000,
        published=10_000,
        hostile=2_000,
        submitted=1_000_000,
        wide=100_000,
        deadline=900,
    )
    if FULL
    else Sizes(
        ingest=600,
        kill_every=120,
        outage_every=200,
        away_seconds=3,
        poisoned=100,
        huge=10_000,
        published=300,
        hostile=200,
        submitted=20_000,
        wide=2_000,
        deadline=120,
    )
)
