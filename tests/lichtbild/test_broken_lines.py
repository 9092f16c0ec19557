"""Lists over connections that break, against the real API: each makes one complete job."""

import secrets
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.stack import Lichtbild, running

COUNT = 20_000


@pytest.fixture(scope="module")
def stack(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lichtbild]:
    """Without ingest workers: accepted jobs stay as they are."""
    with running(tmp_path_factory.mktemp("stack"), tiny_model, {}, workers=0, search_workers=0) as lichtbild:
        yield lichtbild


class Interrupted(list[tuple[str, str]]):
    """A list that runs `event` in the middle of its first reading."""

    def __init__(self, event: Any) -> None:
        super().__init__((secrets.token_hex(16), f"https://example.org/{n}.jpg") for n in range(COUNT))
        self._event = event
        self.readings = 0

    def __iter__(self) -> Iterator[tuple[str, str]]:
        self.readings += 1
        for n, item in enumerate(super().__iter__()):
            if n == COUNT // 2 and self._event:
                event, self._event = self._event, None
                event()
            yield item


@contextmanager
def relay_that_loses_the_first_answer(api: str) -> Iterator[tuple[str, list[bool]]]:
    """A relay to the API that cuts its first connection when the answer comes, and none after it. Yields its address,
    and for each connection so far whether it was cut."""
    host, _, port = api.removeprefix("http://").partition(":")
    cut: list[bool] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=_relay_all, args=(listening, (host, int(port)), cut), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", cut


def _relay_all(listening: socket.socket, api: tuple[str, int], cut: list[bool]) -> None:
    while True:
        try:
            client, _ = listening.accept()
        except OSError:
            return
        server = socket.create_connection(api)
        threading.Thread(target=_relay, args=(client, server), daemon=True).start()
        threading.Thread(target=_relay_back, args=(server, client, not cut), daemon=True).start()
        cut.append(not cut)


def _relay(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
    except OSError:
        pass
    target.close()


def _relay_back(server: socket.socket, client: socket.socket, is_cut: bool) -> None:
    if is_cut:
        server.recv(1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Both directions at once: a reading thread would keep it open.
        client.shutdown(socket.SHUT_RDWR)
        client.close()
        return
    _relay(server, client)


@pytest.mark.slow
def test_an_api_that_is_killed_in_the_middle_of_a_list_has_one_job_of_it(connect, stack, collection):
    items = Interrupted(lambda: stack.kill("api"))

    client = connect(stack.api)
    job = client.ingest(items, collection)

    assert (job.progress.total, items.readings) == (COUNT, 2)
    assert [found.id for found in client.iter_jobs() if found.collection == collection] == [job.id]


@pytest.mark.slow
def test_a_file_whose_answer_is_lost_is_one_job(connect, stack, collection, tmp_path):
    path = tmp_path / "photos.csv"
    path.write_text("id,url\n" + "".join(f"{n},https://example.org/{n}.jpg\n" for n in range(1000)))

    with relay_that_loses_the_first_answer(stack.api) as (line, cut):
        client = connect(line)
        job = client.ingest_file(path, collection)

        # The first request was accepted before the connection broke, and this is its job.
        assert (job.progress.total, cut) == (1000, [True, False])
        assert [found.id for found in client.iter_jobs() if found.collection == collection] == [job.id]
