"""What only a real server shows: refusals in the middle of an upload, and streams, over real sockets."""

import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import requests

from lichtbild.client import Client
from lichtbild.errors import ApiError
from tests.api.serving import served
from tests.api.settling import settle

# A slow client sends a line this often, in seconds; it would take half an hour to be done.
_SLOWLY = 0.002


@pytest.fixture
def serve(connection, settings, tmp_path) -> Iterator[Callable[..., str]]:
    """Start the API with settings, and return its address."""
    with ExitStack() as servers:
        yield lambda **changed: servers.enter_context(served(settings, tmp_path / "log", **changed))


def slow_lines(good: int, then: bytes = b"") -> Iterator[bytes]:
    """Good lines, then a bad one if there is one, then good lines without end."""
    for n in range(good):
        yield b'{"id":"p%d","url":"http://h/%d"}\n' % (n, n)
    if then:
        yield then
    for n in range(good, 10**6):
        time.sleep(_SLOWLY)
        yield b'{"id":"p%d","url":"http://h/%d"}\n' % (n, n)


@pytest.mark.parametrize(
    ("changed", "lines", "status"),
    [
        ({}, lambda: slow_lines(3, b"broken\n"), 400),
        ({"max_items": "50"}, lambda: slow_lines(100), 413),
        ({"max_pending_items": "1", "chunk_size": "1"}, lambda: slow_lines(5), 429),
    ],
)
def test_a_refusal_in_the_middle_of_a_slow_upload_reaches_the_client(serve, connection, changed, lines, status):
    api = serve(**changed)
    answer = requests.post(
        f"{api}/v1/ingest", data=lines(), headers={"Content-Type": "application/x-ndjson"}, timeout=60
    )
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert connection.keys() == [], "nothing is left behind"


def test_our_own_client_hears_it_too(serve):
    with (
        Client(serve(max_items="50"), patience=0) as client,
        pytest.raises(ApiError, match="at most 50 items") as raised,
    ):
        client.ingest((f"p{n}", f"http://h/{secrets.token_hex(8)}") for n in range(10**7))
    assert raised.value.status == 413


def test_an_upload_that_is_refused_before_it_is_read_is_told_so(serve):
    answer = requests.post(
        f"{serve()}/v1/ingest", data=slow_lines(0), headers={"Content-Type": "application/x-yaml"}, timeout=60
    )
    assert answer.status_code == 415


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_client_that_goes_away_in_the_middle_leaves_nothing_behind(serve, connection, tmp_path, framing):
    api = serve()
    host, port = api.removeprefix("http://").split(":")
    lines = b"".join(b'{"id":"p%d","url":"http://h/%d"}\n' % (n, n) for n in range(1000))
    with socket.create_connection((host, int(port))) as client:
        head = f"POST /v1/ingest HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-ndjson\r\n"
        if framing == "length":
            client.sendall(f"{head}Content-Length: 1000000\r\n\r\n".encode() + lines)
        else:
            client.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n{len(lines):x}\r\n".encode() + lines + b"\r\n")
        wait_for(lambda: connection.keys("*:chunks"))
    wait_for(lambda: not connection.keys())
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_events_arrive_as_they_happen(serve, ingests):
    api = serve()
    items = [{"id": f"p{n}", "url": f"http://h/{n}"} for n in range(300)]
    job_id = requests.post(f"{api}/v1/ingest", json={"items": items}, timeout=60).json()["id"]
    with requests.get(f"{api}/v1/jobs/{job_id}/events", stream=True, timeout=60) as answer:
        lines = (line for line in answer.iter_lines(chunk_size=1) if line.startswith(b"data: "))
        for settled in (0, 128, 256):
            job = json.loads(next(lines).removeprefix(b"data: "))
            assert job["progress"]["stored"] == settled
            settle(ingests, 0)
        assert json.loads(next(lines).removeprefix(b"data: "))["status"] == "succeeded"
        assert next(lines, None) is None


def test_a_crowd_of_waiters_does_not_keep_others_from_being_served(serve, ingests):
    api = serve()
    job_id = requests.post(f"{api}/v1/ingest", json={"items": [{"id": "a", "url": "http://h/"}]}, timeout=60).json()[
        "id"
    ]
    ended: list[str] = []

    def wait() -> None:
        ended.append(requests.get(f"{api}/v1/jobs/{job_id}?wait=30", timeout=60).json()["status"])

    crowd = [threading.Thread(target=wait) for _ in range(40)]
    for thread in crowd:
        thread.start()
    assert requests.get(f"{api}/healthz", timeout=10).ok
    settle(ingests, 0)
    for thread in crowd:
        thread.join()
    assert ended == ["succeeded"] * 40


def wait_for(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
