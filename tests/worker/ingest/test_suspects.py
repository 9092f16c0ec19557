"""A suspect chunk and slow downloads in one worker: the worker continues to claim chunks, and no job starves."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.domain.items import Item
from shared.ledger import keys
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from shared.settings import Settings
from tests.image_server import EVERY_ADDRESS, ImageServer, serving
from tests.pictures import photo
from tests.stack import wait_for
from worker.images.decoder import decode
from worker.ingest import chunk as chunk_module

Submit = Callable[..., str]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"write_seconds": 0.01, "fetch_timeout_seconds": 300})


@pytest.fixture
def image_server() -> Iterator[ImageServer]:
    with serving(EVERY_ADDRESS) as server:
        yield server


@pytest.fixture
def slow(image_server: ImageServer) -> Iterator[threading.Event]:
    """Pictures under /slow/ come byte by byte until it is set: a server that sends nothing is given up after 10 s."""
    let_go = threading.Event()

    def answer(path: str) -> Any:
        content = photo(int("".join(filter(str.isdigit, path))))
        if not path.startswith("/slow/"):
            return content

        def drip(request: Any) -> None:
            request.send_response(200)
            request.send_header("Content-Length", str(len(content)))
            request.end_headers()
            sent = 0
            while sent < len(content) - 1 and not let_go.wait(0.5):
                request.wfile.write(content[sent : sent + 1])
                sent += 1
            request.wfile.write(content[sent:])

        return drip

    image_server.default = answer
    yield let_go
    let_go.set()


@pytest.fixture
def bells(worker, slow) -> Iterator[Callable[[], Any]]:
    """Rings a bell; it is answered in a thread of its own."""
    with ThreadPoolExecutor(8) as pool:
        yield lambda: pool.submit(worker.answer_bell)
        slow.set()


@pytest.fixture
def submit(worker, collection) -> Submit:
    def submit(url: str, prefix: str = "p", count: int = 4) -> str:
        submission = worker.ingest.ledger.submission(collection)
        submission.stage([Item(f"{prefix}{n}", f"{url}{n}", {}) for n in range(count)])
        return submission.submit()

    return submit


@pytest.fixture
def lose_a_worker(connection, settings) -> Callable[[], None]:
    """Another worker claims a chunk and is lost."""

    def lose() -> None:
        claim = IngestLedger(connection, settings).claim()
        assert claim
        connection.zadd(keys.LEASES, {claim.member: 1}, xx=True)

    return lose


def ended(jobs: Jobs, job_id: str) -> bool:
    job = jobs.get(job_id)
    assert job.failed == 0
    return job.status == "succeeded"


def downloads(server: ImageServer, prefix: str) -> int:
    return sum(count for path, count in server.asked.items() if path.startswith(prefix))


def test_a_small_job_ends_while_a_suspect_and_slow_downloads_are_in_hand(
    submit, bells, lose_a_worker, image_server, jobs, slow
):
    suspect = submit(f"http://127.0.0.2:{image_server.port}/slow/1", "s")
    lose_a_worker()
    job_id = submit(f"http://127.0.0.3:{image_server.port}/slow/2", "l")
    bells(), bells()
    wait_for(lambda: downloads(image_server, "/slow/") >= 2, "slow downloads of both jobs")

    small = submit(f"{image_server.url}/3", "q")
    bells()

    wait_for(lambda: ended(jobs, small), "the end of the small job")
    assert not slow.is_set()
    assert {jobs.get(job).status for job in (suspect, job_id)} == {"running"}
    slow.set()
    wait_for(lambda: ended(jobs, suspect) and ended(jobs, job_id), "the end of the slow jobs")


def test_a_suspect_ends_while_slow_downloads_are_in_hand(submit, bells, lose_a_worker, image_server, jobs, slow):
    suspect = submit(f"http://127.0.0.2:{image_server.port}/1", "s")
    lose_a_worker()
    job_id = submit(f"http://127.0.0.3:{image_server.port}/slow/2", "l")
    bells(), bells()

    wait_for(lambda: ended(jobs, suspect), "the end of the suspect")
    assert jobs.get(job_id).pending == 4


def test_a_suspect_ends_while_healthy_chunks_come_without_pause(
    submit, bells, lose_a_worker, image_server, jobs, worker
):
    suspect = submit(f"http://127.0.0.2:{image_server.port}/1", "s")
    lose_a_worker()
    over, done = threading.Event(), []

    def keep_coming() -> None:
        while not over.is_set():
            done.append(submit(f"{image_server.url}/4", f"j{len(done)}-", 2))
            worker.answer_bell()

    with ThreadPoolExecutor(3) as pool:
        try:
            loads = [pool.submit(keep_coming) for _ in range(3)]
            wait_for(lambda: len(done) > 3, "a steady load")
            bells()
            wait_for(lambda: ended(jobs, suspect), "the end of the suspect")
        finally:
            over.set()
        for load in loads:
            load.result(30)


@pytest.mark.parametrize(("culprit", "attempts"), [("s0", {"s0": 3, "h0": 1}), ("h0", {"s0": 2, "h0": 2})])
def test_a_worker_lost_with_an_image_in_its_model_counts_for_that_chunk_alone(
    submit, bells, lose_a_worker, image_server, monkeypatch, connection, settings, slow, culprit, attempts
):
    """Its leases are made to expire while the culprit is decoded, as if it had died of it."""
    in_model, go_on = threading.Event(), threading.Event()
    photos = {"s0": photo(10), "h0": photo(20)}

    def decode_slowly(content: bytes, *limits: Any) -> Any:
        if content == photos[culprit]:
            in_model.set()
            assert go_on.wait(60)
        return decode(content, *limits)

    monkeypatch.setattr(chunk_module, "decode", decode_slowly)
    paths = {name: "slow/" if name != culprit else "" for name in photos}
    submit(f"http://127.0.0.2:{image_server.port}/{paths['s0']}1", "s", 1)
    lose_a_worker()
    submit(f"http://127.0.0.3:{image_server.port}/{paths['h0']}2", "h", 1)
    try:
        bells(), bells()
        assert in_model.wait(30)
        wait_for(lambda: downloads(image_server, "/slow/"), "the other's download")

        connection.zadd(keys.LEASES, dict.fromkeys(connection.zrange(keys.LEASES, 0, -1), 1), xx=True)
        other = IngestLedger(connection, settings)
        claims = [other.claim(), other.claim()]

        assert {claim.items[0].id: claim.attempts for claim in claims} == attempts
    finally:
        go_on.set()
        slow.set()
