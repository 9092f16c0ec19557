"""Where a worker reads an item's bytes, what it keeps of an upload, and which spool folders are swept."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.domain.items import Item
from shared.errors import ItemError, UnavailableError
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from shared.uploads.spool import Spool
from shared.uploads.thumbnails import Thumbnails
from tests.pictures import photo
from worker.fetch.address_policy import AddressPolicy
from worker.fetch.fetcher import Fetcher
from worker.images.decoder import decode
from worker.ingest.image_sources import ImageSources, stored_url
from worker.upkeep.spool_sweeper import SpoolSweeper

JOB = "0" * 20
HASH = b"\x07" * 32


@pytest.fixture
def with_uploads(settings, tmp_path):
    return settings.model_copy(update={"uploads_folder": str(tmp_path), "staging_seconds": 100})


@pytest.fixture
def spool(with_uploads) -> Spool:
    return Spool.from_settings(with_uploads)


def sources(settings) -> ImageSources:
    fetcher = Fetcher(settings, AddressPolicy(settings.fetch_allow), 32)
    return ImageSources(settings, fetcher, ThreadPoolExecutor(1))


def read(worker: ImageSources, item: Item) -> bytes:
    return worker.submit(item, lambda download: download.content).result(30)


def put(spool: Spool, job: str, count: int = 1) -> list[Item]:
    reception = spool.receive(job, 0)
    return [Item(f"p{n}", reception.add([photo(n)]), {}) for n in range(count)]


def test_an_upload_is_read_shown_by_its_thumbnail_and_forgotten(with_uploads, spool):
    worker = sources(with_uploads)
    first, second = put(spool, JOB, 2)

    content = read(worker, first)
    url = stored_url(first, "mine", HASH)
    worker.keep_thumbnail(first, "mine", HASH, decode(content, 10**8))

    assert content == photo(0)
    assert url == f"/thumbnails/p0?collection=mine&v={HASH.hex()[:32]}"
    assert (
        Thumbnails.from_settings(with_uploads).find("mine", "p0", HASH.hex()[:32]).read_bytes()[:3] == b"\xff\xd8\xff"
    )
    # A chunk that is done again finds the bytes still there.
    worker.keep_thumbnail(first, "mine", HASH, decode(read(worker, first), 10**8))
    worker.forget([first, Item("u", "http://h/u", {})])
    with pytest.raises(ItemError) as gone:
        read(worker, first)
    assert (gone.value.code, gone.value.retryable) == ("upload_gone", False)
    assert read(worker, second) == photo(1)


def test_an_item_with_a_url_is_fetched_and_keeps_it(with_uploads, image_server):
    image_server.answers["/a"] = photo()
    item = Item("a", f"{image_server.url}/a", {})
    worker = sources(with_uploads)
    assert read(worker, item) == photo()
    worker.keep_thumbnail(item, "photos", HASH, decode(photo(), 10**8))
    assert stored_url(item, "photos", HASH) == item.url
    assert not list(Path(with_uploads.uploads_folder).rglob("*.jpg"))
    worker.forget([item])


def test_a_worker_without_the_folder_fails_no_item(settings, with_uploads, spool):
    (item,) = put(spool, JOB)
    with pytest.raises(UnavailableError, match="LICHTBILD_UPLOADS_FOLDER"):
        read(sources(settings), item)


def age(with_uploads, job: str, seconds: float) -> None:
    when = time.time() - seconds
    os.utime(Path(with_uploads.uploads_folder) / "spool" / job, (when, when))


def test_what_ended_and_what_was_given_up_is_swept_and_nothing_else(connection, with_uploads, spool):
    ledger, jobs = IngestLedger(connection, with_uploads), Jobs(connection, with_uploads)

    def submitted() -> str:
        submission = ledger.submission("photos")
        submission.stage(put(spool, submission.job_id))
        return submission.submit()

    waiting, cancelled = submitted(), submitted()
    jobs.cancel(cancelled)
    in_progress, given_up = "a" * 20, "b" * 20
    for job in (in_progress, given_up):
        put(spool, job)
    for job in (waiting, cancelled, given_up):
        age(with_uploads, job, 101)
    age(with_uploads, in_progress, 90)
    foreign = Path(with_uploads.uploads_folder) / "spool" / "lost+found"
    foreign.mkdir()
    age(with_uploads, foreign.name, 1000)

    SpoolSweeper(spool, jobs, with_uploads.staging_seconds).sweep_if_due()

    assert {job for job, _ in spool.jobs()} == {waiting, in_progress}
    assert foreign.exists()


def test_sweeping_waits_its_turn_and_bears_a_spool_that_is_not_there(connection, settings, with_uploads, spool):
    jobs = Jobs(connection, settings)
    SpoolSweeper(None, jobs, 1).sweep_if_due()
    sweeper = SpoolSweeper(spool, jobs, 0)
    sweeper.sweep_if_due()
    put(spool, JOB)
    age(with_uploads, JOB, 10)
    sweeper.sweep_if_due()
    assert [job for job, _ in spool.jobs()] == [JOB]
