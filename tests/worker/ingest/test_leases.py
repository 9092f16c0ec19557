"""A worker knows which chunks it holds, also after it was suspended."""

import pytest

from shared.domain.items import Item
from shared.errors import UnavailableError
from shared.ledger import keys
from shared.ledger.connection import connect
from shared.ledger.ingest import Claim, IngestLedger
from worker.ingest import leases as leases_module
from worker.ingest.leases import Leases


@pytest.fixture
def clock(monkeypatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(leases_module, "_now", lambda: now[0])
    return now


@pytest.fixture
def ledger(connection, settings) -> IngestLedger:
    return IngestLedger(connection, settings)


@pytest.fixture
def claim(ledger) -> Claim:
    submission = ledger.submission("photos")
    submission.stage([Item("a", "http://h/", {})])
    submission.submit()
    claim = ledger.claim()
    assert claim
    return claim


def test_redis_is_asked_only_once_a_lease_may_have_expired(ledger, claim, clock, connection):
    leases = Leases(ledger, lease_seconds=20)
    leases.add(claim)
    assert leases.still_holds(claim)
    connection.delete(keys.LEASES)
    assert leases.still_holds(claim), "extended just now: Redis is not asked"
    clock[0] += 21
    assert not leases.still_holds(claim)
    leases.stop()
    leases.release_all()


def test_a_chunk_that_another_worker_claimed_is_lost_and_not_released(ledger, claim, clock, connection):
    leases = Leases(ledger, lease_seconds=20)
    leases.add(claim)
    connection.zadd(keys.LEASES, {claim.member: 1})
    other = ledger.claim()
    assert other
    assert not leases.still_holds(claim)
    leases.stop()
    leases.release_all()
    assert connection.zrange(keys.LEASES, 0, -1) == [other.member.encode()]


def test_it_is_an_error_to_ask_while_redis_is_away(ledger, claim, settings):
    gone = settings.model_copy(update={"redis_url": type(settings.redis_url)("redis://127.0.0.1:1/0")})
    leases = Leases(IngestLedger(connect(gone), gone), lease_seconds=20)
    leases.add(claim)
    with pytest.raises(UnavailableError):
        leases.still_holds(claim)
    leases.remove(claim)
    leases.stop()
    leases.release_all()


def test_items_that_are_downloaded_are_recorded_when_the_lease_is_extended(ledger, claim, jobs):
    leases = Leases(ledger, lease_seconds=20)
    leases.add(claim)
    leases.advance(claim)
    leases._extend([claim])
    assert jobs.get(claim.job_id).under_way == 1
    leases.remove(claim)
    leases.advance(claim)
    assert not leases._under_way
    leases.stop()
