"""A job that is cancelled while a worker holds chunks of it: its counts end equal to its rows."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.catalogue.interface import Catalogue
from shared.catalogue.sql_catalogue import SqlCatalogue
from shared.domain.items import Item
from shared.domain.job import Job
from shared.settings import Settings
from tests.image_server import ImageServer, reply
from tests.pictures import photo
from tests.stack import wait_for

CHUNK = 3


@pytest.fixture
def settings(settings: Settings) -> Settings:
    # A lease of one second is extended, or found to be lost, three times a second.
    return settings.model_copy(update={"write_seconds": 0.01, "lease_seconds": 1.0})


@pytest.fixture
def submit(worker, collection, image_server: ImageServer) -> Callable[[int], str]:
    """Submit chunks of three items; return the job's id."""
    image_server.default = lambda path: photo(int(path.strip("/")))

    def submit(chunks: int) -> str:
        submission = worker.ingest.ledger.submission(collection)
        for first in range(0, chunks * CHUNK, CHUNK):
            numbers = range(first, first + CHUNK)
            submission.stage([Item(f"p{n}", f"{image_server.url}/{n}", {}) for n in numbers])
        return submission.submit()

    return submit


def assert_counts_are_true(job: Job, catalogue: Catalogue, collection: str, stored: int) -> None:
    assert (job.status, job.failed, job.unchanged) == ("cancelled", 0, 0)
    assert job.stored == catalogue.count(collection) == stored
    assert job.pending == job.total - stored


def test_rows_that_are_being_inserted_at_the_cancel_are_counted(
    worker, submit, jobs, catalogue, collection, monkeypatch
):
    write = SqlCatalogue.write
    job_id = submit(2)

    def write_and_cancel(*arguments: Any) -> None:
        write(*arguments)
        jobs.cancel(job_id)

    monkeypatch.setattr(SqlCatalogue, "write", write_and_cancel)
    worker.answer_bell()
    assert worker.writer.flush(30)

    assert_counts_are_true(jobs.get(job_id), catalogue, collection, stored=CHUNK)


def test_rows_that_are_not_inserted_by_the_cancel_are_never_inserted(
    worker, submit, jobs, catalogue, collection, image_server
):
    asked, go_on = threading.Event(), threading.Event()

    def answer(path: str) -> Any:
        def wait(request: Any) -> None:
            asked.set()
            assert go_on.wait(10)
            reply(request, 200, photo(int(path.strip("/"))))

        return wait

    job_id = submit(2)
    image_server.default = answer
    try:
        with ThreadPoolExecutor(1) as pool:
            answered = pool.submit(worker.answer_bell)
            assert asked.wait(10)
            jobs.cancel(job_id)
            wait_for(lambda: worker.leases.count() == 0, "the worker to learn of the cancel", 8)
            go_on.set()
            answered.result(30)
    finally:
        go_on.set()
    assert worker.writer.flush(30)

    assert_counts_are_true(jobs.get(job_id), catalogue, collection, stored=0)


def test_a_job_cancelled_in_the_middle_counts_its_stored_rows(worker, submit, jobs, catalogue, collection):
    job_id = submit(150)
    with ThreadPoolExecutor(4) as pool:
        answered = [pool.submit(worker.answer_bell) for _ in range(150)]
        wait_for(lambda: jobs.get(job_id).stored, "the first chunk to be stored")
        jobs.cancel(job_id)
        for bell in answered:
            bell.result(30)
    assert worker.writer.flush(30)

    job = jobs.get(job_id)
    assert 0 < job.stored < job.total
    assert_counts_are_true(job, catalogue, collection, stored=job.stored)
