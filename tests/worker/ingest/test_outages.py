"""The catalogue or Redis fails while a chunk is processed: no item fails, and the chunk is settled later."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis.exceptions import RedisError

from shared.catalogue.sql_catalogue import SqlCatalogue
from shared.errors import ConfigurationError, UnavailableError
from shared.ledger import keys
from shared.ledger.jobs import Jobs
from tests.worker.ingest.counts import counts


def test_while_the_catalogue_is_away_a_worker_pauses_and_no_item_fails(
    worker, submit, items, connection, settings, monkeypatch
):
    job_id = submit(items)
    pauses: list[float] = []
    monkeypatch.setattr(worker.ingest.stopping, "wait", pauses.append)
    with monkeypatch.context() as away:

        def refuse(*_: Any) -> None:
            raise UnavailableError("away")

        away.setattr(SqlCatalogue, "ensure", refuse)
        for _ in range(5):
            with pytest.raises(UnavailableError):
                worker.ingest.answer_bell()
    assert len(pauses) == 5
    assert connection.zcard(keys.LEASES) == 0
    worker.ingest.answer_bell()
    assert worker.writer.flush(30)
    assert counts(Jobs(connection, settings).get(job_id)) == {"stored": 6}


def test_a_catalogue_that_cannot_serve_fails_the_job_with_its_reason(worker, ingest, items, monkeypatch):
    def refuse(*_: Any) -> None:
        raise ConfigurationError("It measures something else.")

    monkeypatch.setattr(SqlCatalogue, "ensure", refuse)
    job = ingest(items)
    assert (job.status, job.error) == ("failed", {"code": "configuration", "detail": "It measures something else."})


@pytest.fixture
def full_redis(connection) -> Iterator[Callable[[], None]]:
    """Makes Redis refuse commands that need memory, until the test ends."""
    yield lambda: connection.config_set("maxmemory", 1)
    connection.config_set("maxmemory", 0)


def test_a_full_redis_hands_out_no_chunk_and_no_item_fails(worker, submit, items, connection, settings, full_redis):
    job_id = submit(items)
    full_redis()
    with pytest.raises(RedisError):
        worker.ingest.answer_bell()
    job = Jobs(connection, settings).get(job_id)
    assert (job.status, job.pending) == ("queued", 6)
    connection.config_set("maxmemory", 0)
    worker.ingest.answer_bell()
    assert worker.writer.flush(30)
    assert counts(Jobs(connection, settings).get(job_id)) == {"stored": 6}


def test_a_chunk_in_hand_is_settled_while_redis_is_full(
    worker, submit, items, connection, settings, full_redis, monkeypatch
):
    """Settling frees memory: a full Redis that refused it would stay full."""
    write = SqlCatalogue.write

    def write_as_redis_fills(*arguments: Any) -> None:
        write(*arguments)
        full_redis()

    monkeypatch.setattr(SqlCatalogue, "write", write_as_redis_fills)
    job_id = submit(items)
    worker.ingest.answer_bell()
    assert worker.writer.flush(30)
    assert counts(Jobs(connection, settings).get(job_id)) == {"stored": 6}
