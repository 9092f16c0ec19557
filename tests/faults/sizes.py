"""How large each story is: in full for `make faults`, or scaled down to what `make test` has time for."""

import os
from dataclasses import dataclass

FULL = os.environ.get("FAULTS") == "full"


@dataclass(frozen=True)
class Sizes:
    """Counts of items, and seconds for which something is kept away."""

    ingest: int  # of one ingest during which things are killed
    kill_every: int  # settled items between two kills
    outage_every: int  # settled items between two losses of Redis; half as often, of the catalogue
    away_seconds: float  # how long the catalogue is kept from coming back
    poisoned: int  # neighbours of an image that kills its worker
    huge: int  # of the job in front of a small one
    hostile: int  # of the list with every kind of bad image
    submitted: int  # in one request, while no worker runs
    wide: int  # the same, with all of Unsplash's columns
    deadline: float  # seconds after which a story has failed


SIZES = (
    Sizes(
        ingest=5_000,
        kill_every=350,
        outage_every=833,
        away_seconds=20,
        poisoned=2_000,
        huge=100_000,
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
        hostile=200,
        submitted=20_000,
        wide=2_000,
        deadline=120,
    )
)
