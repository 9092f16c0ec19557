"""A separate ingest worker for each test, and jobs of a few items for it; the test rings the bell."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.domain.items import Item
from shared.domain.job import Job
from shared.doorbell import celery_app
from shared.ledger.jobs import Jobs
from shared.settings import Settings
from tests.pictures import photo
from worker.services import IngestServices, build_ingest


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"write_seconds": 0.01, "fetch_attempts": 1})


@pytest.fixture
def worker(connection, settings: Settings) -> Iterator[IngestServices]:
    services = build_ingest(settings, celery_app(settings), "test")
    yield services
    services.lifecycle.close()


@pytest.fixture
def submit(worker, connection, settings, collection):
    """Submit a chunk of items and return the job's id."""

    def submit(items: list[Item], **conditions: Any) -> str:
        submission = worker.ingest.ledger.submission(collection)
        submission.stage(items)
        return submission.submit(**conditions)

    return submit


@pytest.fixture
def ingest(worker, connection, settings, submit):
    """Submit a chunk of items, have it done, and return the job."""

    def ingest(items: list[Item], **conditions: Any) -> Job:
        job_id = submit(items, **conditions)
        worker.ingest.answer_bell()
        assert worker.writer.flush(30)
        return Jobs(connection, settings).get(job_id)

    return ingest


@pytest.fixture
def items(image_server) -> list[Item]:
    image_server.default = lambda path: photo(int(path.strip("/")))
    return [Item(f"p{n}", f"{image_server.url}/{n}", {"n": n}) for n in range(6)]
