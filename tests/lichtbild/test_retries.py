"""Retries: which calls are repeated, and that nothing is done twice."""

import gzip
import io
import json
import secrets
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lichtbild import ApiError, BrokenFile, Client, OutcomeUnknown, Unreachable
from tests.lichtbild.conftest import Connect
from tests.lichtbild.fake_api import FakeApi, Reply, ingest_job, problem, search_job
from tests.unsplash import damaged, row, table, write_zip

RESET = Reply(reset=True)
ITEMS = [("a", "http://x/a.jpg"), ("b", "http://x/b.jpg")]


def test_a_read_is_repeated_after_a_broken_connection(api: FakeApi, client: Client, pauses: list) -> None:
    api.on("GET", "/v1/jobs/j1", RESET, RESET, Reply(ingest_job()))

    assert client.job("j1").status == "succeeded"
    assert len(api.seen) == 3
    assert 0.15 <= pauses[0] <= 0.2 < pauses[1] <= 0.4


def test_a_busy_api_is_asked_again_after_its_retry_after(api: FakeApi, client: Client, pauses: list) -> None:
    busy = problem(503, "unavailable", "The job store cannot be reached.", Retry_After="3")
    api.on("POST", "/v1/search", busy, problem(429, "too_many", "Slow down.", Retry_After="2"), Reply(search_job()))

    client.search("x")

    assert pauses == [3.0, 2.0]


def test_a_retry_after_beyond_the_patience_is_not_waited_for(api: FakeApi, client: Client, pauses: list) -> None:
    api.on("GET", "/v1/jobs/j1", problem(503, "unavailable", "Back tomorrow.", Retry_After="86400"))

    with pytest.raises(ApiError, match="Back tomorrow"):
        client.job("j1")

    assert (len(api.seen), pauses) == (1, [])


def test_retry_after_may_be_a_date(api: FakeApi, client: Client, pauses: list) -> None:
    past = "Wed, 21 Oct 2015 07:28:00 GMT"
    api.on("GET", "/v1/jobs/j1", problem(503, "unavailable", "x", Retry_After=past), Reply(ingest_job()))

    assert client.job("j1").status == "succeeded"


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 500])
def test_a_permanent_refusal_is_not_retried(api: FakeApi, client: Client, status: int) -> None:
    api.on("GET", "/v1/jobs/j1", problem(status, "code", "No."))

    with pytest.raises(ApiError):
        client.job("j1")

    assert len(api.seen) == 1


def test_cancelling_is_retried(api: FakeApi, client: Client, pauses: list) -> None:
    api.on("POST", "/v1/jobs/j1/cancel", RESET, Reply(ingest_job("cancelled")))

    assert client.cancel("j1").status == "cancelled"


def generated() -> Iterator[tuple[str, str]]:
    yield from ITEMS


def long_list() -> list[tuple[str, str]]:
    """Some hundred kilobytes, even gzipped."""
    return [(secrets.token_hex(16), f"http://x/{n}.jpg") for n in range(20_000)]


def sent(api: FakeApi) -> tuple[list[bytes], set[str]]:
    """Bodies and keys of all ingests."""
    calls = api.calls("POST", "/v1/ingest")
    return [call.body for call in calls], {call.headers["Idempotency-Key"] for call in calls}


def test_a_list_is_sent_again_under_its_key_until_it_is_accepted(api: FakeApi, client: Client, pauses: list) -> None:
    busy = problem(429, "overloaded", "Too many wait.", Retry_After="3")
    away = problem(503, "unavailable", "Redis went away.", Retry_After="0")
    api.on("POST", "/v1/ingest", RESET, busy, away, Reply(ingest_job(), 202))

    assert client.ingest(ITEMS).id == "j1"

    bodies, keys = sent(api)
    assert (len(bodies), len(set(bodies)), len(keys)) == (4, 1, 1)
    assert pauses[1] == 3.0


def test_another_ingest_has_another_key(api: FakeApi, client: Client) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job(), 202))

    client.ingest(ITEMS)
    client.ingest(ITEMS)

    assert len(sent(api)[1]) == 2


def test_a_list_whose_connections_are_cut_in_the_middle_arrives_whole(
    api: FakeApi, client: Client, pauses: list
) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job(), 202))
    api.cuts = [1, 200_000]
    items = long_list()

    client.ingest(items)

    (body,), _ = sent(api)
    sent_ids = [json.loads(line)["photo_id"] for line in gzip.decompress(body).splitlines()]
    assert sent_ids == [photo for photo, _ in items]
    assert len(pauses) == 2


@pytest.mark.parametrize("name", ["photos.tsv", "photos.tsv.gz", "photos.zip"])
@pytest.mark.parametrize("limit", [None, 3])
def test_a_file_is_read_again_from_its_beginning(
    api: FakeApi, client: Client, pauses: list, tmp_path: Path, name: str, limit: int | None
) -> None:
    path, content = tmp_path / name, table(row(n) for n in range(5))
    if name.endswith(".zip"):
        write_zip(path, {"photos.tsv000": content})
    else:
        path.write_bytes(gzip.compress(content.encode()) if name.endswith(".gz") else content.encode())
    api.on("POST", "/v1/ingest", RESET, Reply(ingest_job(), 202))

    client.ingest_file(path, limit=limit)

    bodies, keys = sent(api)
    assert (len(bodies), len(set(bodies)), len(keys)) == (2, 1, 1)
    assert len(bodies[0]) > 50


def test_a_source_that_can_be_read_once_is_never_sent_again(api: FakeApi, client: Client, pauses: list) -> None:
    api.on("POST", "/v1/ingest", RESET, RESET, Reply(ingest_job(), 202))

    with pytest.raises(OutcomeUnknown, match="may have been accepted"):
        client.ingest(generated())
    with pytest.raises(OutcomeUnknown, match="may have been accepted"):
        client.ingest_ndjson(io.BytesIO(b'{"id":"a"}'))

    assert (len(sent(api)[0]), pauses) == (2, [])


@pytest.mark.parametrize("status", [429, 503])
def test_a_temporary_refusal_of_a_generator_is_left_to_the_caller(
    api: FakeApi, client: Client, pauses: list, status: int
) -> None:
    api.on("POST", "/v1/ingest", problem(status, "unavailable", "Try again.", Retry_After="0"))

    with pytest.raises(ApiError) as raised:
        client.ingest(generated())

    assert (raised.value.status, len(api.seen), pauses) == (status, 1, [])


@pytest.mark.parametrize("status", [400, 413, 422, 500])
def test_a_permanently_refused_list_is_not_sent_again(api: FakeApi, client: Client, pauses: list, status: int) -> None:
    api.on("POST", "/v1/ingest", problem(status, "code", "No."))

    with pytest.raises(ApiError):
        client.ingest(ITEMS)

    assert (len(api.seen), pauses) == (1, [])


def test_the_error_after_the_last_retry_tells_whether_there_may_be_a_job(
    api: FakeApi, client: Client, pauses: list
) -> None:
    away = problem(503, "unavailable", "Away.", Retry_After="6")
    api.on("POST", "/v1/ingest", away)
    with pytest.raises(ApiError, match="Away"):
        client.ingest(ITEMS)
    assert (len(api.seen), pauses) == (2, [6.0])

    api.on("POST", "/v1/ingest", RESET, away)
    with pytest.raises(OutcomeUnknown, match=r"Away.*check the newest jobs"):
        client.ingest(ITEMS)


def test_an_error_of_the_source_ends_the_ingest(api: FakeApi, client: Client, pauses: list, tmp_path: Path) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job(), 202))

    with pytest.raises(BrokenFile):
        client.ingest_file(damaged(tmp_path / "lite.zip"))

    assert pauses == []


def test_a_refused_connection_is_unreachable_with_the_cause(connect: Connect, pauses: list) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = connect(f"http://127.0.0.1:{taken.getsockname()[1]}", patience=0)
        with pytest.raises(Unreachable, match="connection refused"):
            client.job("j1")
        with pytest.raises(Unreachable, match="connection refused"):
            client.ingest(ITEMS)


def test_a_silent_api_is_given_up_after_the_timeout(api: FakeApi, connect: Connect) -> None:
    speak = threading.Event()
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(), after=speak))
    client = connect(api.url, timeout=0.1, patience=0)
    with pytest.raises(Unreachable, match="timed out"):
        client.job("j1")
    speak.set()


def test_the_deadline_of_a_search_ends_the_retries(api: FakeApi, client: Client, pauses: list) -> None:
    api.on("POST", "/v1/search", problem(503, "unavailable", "Away.", Retry_After="4"))

    with pytest.raises(ApiError, match="Away"):
        client.search("x", timeout=2)

    assert len(api.seen) == 1


def test_threads_may_share_a_client(api: FakeApi) -> None:
    for number in range(40):
        api.on("GET", f"/v1/jobs/j{number}", Reply(ingest_job(job_id=f"j{number}")))

    with Client(api.url) as client, ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda number: client.job(f"j{number}").id, range(40)))

    assert found == [f"j{number}" for number in range(40)]
