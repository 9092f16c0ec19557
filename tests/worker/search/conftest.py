"""A separate search worker for each test, with real Redis, catalogue and model; the test rings the bell."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.catalogue.interface import Row
from shared.domain.job import Job
from shared.domain.queries import Query, Term
from shared.doorbell import celery_app
from shared.ledger.watcher import Watcher
from tests.worker.search.answers import unit
from worker.search import collection_cache
from worker.services import SearchServices, build_search


@pytest.fixture
def worker(connection, settings) -> Iterator[SearchServices]:
    services = build_search(settings, celery_app(settings), "test")
    yield services
    services.lifecycle.close()


@pytest.fixture(autouse=True)
def counts_are_cheap(monkeypatch) -> None:
    """On a busy machine counting is slow, and a slow count is refreshed in the background."""
    monkeypatch.setattr(collection_cache, "_CHEAP_SECONDS", 60.0)


@pytest.fixture
def encoded(worker, monkeypatch) -> list[str]:
    """The texts that went to the model."""
    given: list[str] = []
    submit = worker.batcher.submit_text

    def noted(text: str, **more: Any) -> Any:
        given.append(text)
        return submit(text, **more)

    monkeypatch.setattr(worker.batcher, "submit_text", noted)
    return given


@pytest.fixture
def photos(worker, catalogue, collection):
    """Write photos with these vectors by id."""

    def photos(vectors: dict[str, Any]) -> None:
        encoder = worker.encoder
        catalogue.ensure(collection, encoder.name, encoder.dimension)
        rows = [
            Row(name, f"http://h/{name}", unit(*vector), b"", {"n": n}, 1)
            for n, (name, vector) in enumerate(vectors.items())
        ]
        catalogue.write(collection, rows)

    return photos


@pytest.fixture
def search(worker, searches, connection, jobs, collection):
    """Ask for what is nearest to a stored photo, and return the job as it ended."""

    def search(photo_id: str = "a", *terms: Term, timeout_ms: int | None = None, **options: Any) -> Job:
        options = {"top_k": 5, "collection": collection, **options}
        query = Query((Term("photo_id", photo_id), *terms), **options)
        job_id = searches.enqueue(query, {}, timeout_ms).job_id
        worker.search.answer_bell()
        return Watcher(connection, jobs).wait(job_id, 30)

    return search
