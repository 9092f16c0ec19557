"""Workers without models and downloads: jobs end within a moment, and one item of each chunk fails."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
import redis

from shared.catalogue.connect import connect as connect_catalogue
from shared.catalogue.interface import Row
from shared.domain.answer_json import to_json
from shared.domain.search_results import Hit, SearchResult, SearchTimes
from shared.errors import ConflictError, InvalidRequestError
from shared.ledger.commands import CommandLedger
from shared.ledger.index_choices import IndexChoices
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from shared.ledger.presence import QUEUES, Presence
from shared.ledger.search import SearchLedger
from shared.settings import Settings
from tests.api.settling import settle_claim
from worker.upkeep.deletions import Deletions
from worker.upkeep.indexes import Indexes
from worker.upkeep.periodic import PeriodicThread

_SECONDS = 0.02
_HIT = Hit("beach-1", "https://example.org/beach.jpg", 0.25, {"place": "Sylt"}, [0.75])
_FOUND = to_json(SearchResult([_HIT], [1.0], "m", 3, 0, SearchTimes(1.0, 1.0, 1.0)))


@contextmanager
def played_workers(connection: "redis.Redis", settings: Settings) -> Iterator[None]:
    """Threads that settle what is queued; the catalogue has a few photos."""
    catalogue = connect_catalogue(settings)
    catalogue.ensure("photos", "m", 4)
    vector = np.array([1, 0, 0, 0], np.float32)
    rows = [Row(name, "https://example.org/1.jpg", vector, bytes(32), {"n": 1}, 1) for name in ("beach-1", "a/b")]
    catalogue.write("photos", rows)
    deletions = Deletions(CommandLedger(connection, settings, "delete"), catalogue, None, IndexChoices(connection))
    indexes = Indexes(CommandLedger(connection, settings, "index"), catalogue, connection, 0)
    steps = {
        "ingests": (_settle_ingests(IngestLedger(connection, settings)), _SECONDS),
        "searches": (_answer_searches(SearchLedger(connection, settings)), _SECONDS),
        "presence": (lambda: _announce(Presence(connection)), 5.0),
        "paused": (_cancel_paused(Jobs(connection, settings)), 1.0),
        "deletions": (deletions.wait_and_delete, 0.0),
        "indexes": (indexes.wait_and_do, 0.0),
    }
    _announce(Presence(connection))
    with ExitStack() as threads:
        for name, (step, seconds) in steps.items():
            thread = PeriodicThread(name, step, seconds)
            thread.start()
            threads.callback(thread.close)
        yield


def _announce(presence: Presence) -> None:
    for queue in QUEUES:
        presence.announce(queue, f"{queue}-1", {"model": "m", "dimension": 4, "device": "cpu"})


def _settle_ingests(ledger: IngestLedger):
    def step() -> None:
        while claim := ledger.claim():
            settle_claim(ledger, claim, failed=1)

    return step


def _answer_searches(ledger: SearchLedger):
    def step() -> None:
        for claim in ledger.claim(64).searches:
            if "fail" in claim.query.collection:
                ledger.fail(claim.job_id, InvalidRequestError("It cannot be answered."))
            ledger.complete(claim.job_id, _FOUND)

    return step


def _cancel_paused(jobs: Jobs):
    """A stream of events ends with its job."""

    def step() -> None:
        for job in jobs.page("ingest", 100, "paused")[0]:
            try:
                jobs.cancel(job.id)
            except ConflictError:
                continue

    return step
