"""A job's events: streams that break are opened again, and `wait` works without them."""

import json
import threading

import pytest

from lichtbild import ApiError, Client, JobPaused, StillRunning, Unreachable
from lichtbild.events import EventParser
from tests.lichtbild.conftest import Connect
from tests.lichtbild.fake_api import TRIPPED, FakeApi, Reply, ingest_job, problem

RUNNING, DONE = ingest_job("running", stored=1, pending=1), ingest_job()
PATH = "/v1/jobs/j1/events"


def stream(*events: tuple[str, dict], rest: bytes = b"") -> Reply:
    text = "".join(f"event: {name}\ndata: {json.dumps(job)}\n\n: keep-alive\n\n" for name, job in events)
    return Reply(text.encode() + rest, content_type="text/event-stream")


def test_events_end_with_done(api: FakeApi, client: Client, pauses: list) -> None:
    api.on("GET", PATH, stream(("progress", RUNNING), ("of_a_newer_api", {}), ("done", DONE)))

    events = list(client.events("j1"))

    assert [(event.type, event.job.progress.stored) for event in events] == [("progress", 1), ("done", 2)]
    assert (pauses, api.seen[0].headers["Accept"]) == ([], "text/event-stream")


def test_a_cut_stream_is_opened_again(api: FakeApi, client: Client, pauses: list) -> None:
    cut = stream(("progress", RUNNING), rest=b'event: done\ndata: {"id": "j')
    busy = problem(503, "unavailable", "x", Retry_After="3")
    api.on("GET", PATH, cut, Reply(reset=True), busy, stream(("done", DONE)))

    assert [event.type for event in client.events("j1")] == ["progress", "done"]
    assert (len(pauses), pauses[2]) == (3, 3.0)


def test_the_events_of_an_unknown_job_are_an_error(api: FakeApi, client: Client) -> None:
    with pytest.raises(ApiError, match="not_found"):
        list(client.events("j1"))


def test_a_stream_that_never_comes_back_ends_with_the_patience(api: FakeApi, connect: Connect, pauses: list) -> None:
    api.on("GET", PATH, stream(("progress", RUNNING)), Reply(reset=True))
    events = connect(api.url, patience=0).events("j1")

    assert next(events).type == "progress"
    with pytest.raises(Unreachable):
        next(events)


@pytest.mark.parametrize("data", [b"{}", b"[]", b"not JSON", b"\xff"])
def test_data_that_is_no_job_is_another_server(api: FakeApi, client: Client, data: bytes) -> None:
    api.on("GET", PATH, Reply(b"event: done\ndata: " + data + b"\n\n", content_type="text/event-stream"))

    with pytest.raises(Unreachable, match="not Lichtbild"):
        list(client.events("j1"))


def test_waiting_reads_the_job_once_and_then_its_events(api: FakeApi, client: Client) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(RUNNING))
    api.on("GET", PATH, stream(("progress", RUNNING), ("done", DONE)))
    shown = []

    job = client.wait("j1", on_progress=lambda job: shown.append(job.progress.stored))

    assert (job.status, shown) == ("succeeded", [1, 2])
    assert [call.path for call in api.seen] == ["/v1/jobs/j1", PATH]


def test_waiting_by_events_raises_for_a_job_that_pauses_itself(api: FakeApi, client: Client) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(RUNNING))
    api.on("GET", PATH, stream(("progress", ingest_job("paused", pending=3, error=TRIPPED))))

    with pytest.raises(JobPaused, match="More than 10%"):
        client.wait("j1")


def test_waiting_survives_streams_that_are_cut(api: FakeApi, client: Client, pauses: list) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(RUNNING))
    api.on("GET", PATH, stream(("progress", RUNNING)), stream(("progress", RUNNING)), stream(("done", DONE)))

    assert client.wait("j1").status == "succeeded"
    assert len(api.calls("GET", PATH)) == 3


@pytest.mark.parametrize(
    "broken",
    [Reply(reset=True), Reply(b"", content_type="text/event-stream"), Reply(DONE), Reply(b"gone", 502)],
)
def test_waiting_polls_where_a_proxy_breaks_streams(api: FakeApi, client: Client, pauses: list, broken: Reply) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(RUNNING), Reply(DONE))
    api.on("GET", PATH, broken)

    assert client.wait("j1").status == "succeeded"
    assert [call.path for call in api.seen] == ["/v1/jobs/j1", PATH, "/v1/jobs/j1"]


def test_a_short_timeout_is_kept_by_polling(api: FakeApi, client: Client, pauses: list) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(RUNNING))
    api.on("GET", PATH, Reply(after=threading.Event()))

    with pytest.raises(StillRunning):
        client.wait("j1", timeout=0.05)


@pytest.mark.parametrize("size", [1, 2, 7, 4096])
def test_a_stream_may_be_cut_into_any_pieces(size: int) -> None:
    content = stream(("progress", ingest_job(collection="Möwe")), ("done", DONE)).content().replace(b"\n", b"\r\n")
    parser = EventParser("")

    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    events = [event for piece in pieces for event in parser.feed(piece)]

    assert [event.type for event in events] == ["progress", "done"]
