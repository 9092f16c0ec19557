"""The fetcher among many hosts: a sick one costs the others nothing, and none is asked more than it bears."""

import socket
import threading
import time
from typing import Any

import pytest

from shared.addresses.address_policy import AddressPolicy
from shared.errors import ItemError, UnavailableError
from shared.settings import Settings
from tests.image_server import reply, serving
from tests.pictures import photo
from worker.fetch.fetcher import Download, Fetcher
from worker.fetch.host_limits import HostPolicy, Outcome
from worker.fetch.host_queue import HostQueue


def fetcher(policy: HostPolicy, **settings: Any) -> Fetcher:
    made = Settings(**{"fetch_allow": ("127.0.0.0/8",), **settings})
    return Fetcher(made, AddressPolicy(made.fetch_allow), edge=32, host_policy=policy)


def size(download: Download) -> int:
    return len(download.content)


def code(future) -> str | None:
    error = future.exception(timeout=60)
    return error.code if isinstance(error, ItemError) else None


def test_a_host_that_hangs_does_not_occupy_the_threads_of_others(image_server):
    release = threading.Event()

    def hang(request):
        release.wait(60)
        reply(request, 200, photo(1))

    image_server.answers["/a"] = photo(2)
    with serving() as sick:
        sick.default = lambda _: hang
        ours = fetcher(HostPolicy(initial_limit=2), fetch_concurrency=4)
        stuck = [ours.submit(f"{sick.url}/{n}", size) for n in range(50)]
        well = [ours.submit(f"{image_server.url}/a", size) for _ in range(20)]
        assert [future.result(30) for future in well] == [len(photo(2))] * 20
        assert not any(future.done() for future in stuck)
        assert sick.asked.total() == 2
        release.set()
        assert [future.result(60) for future in stuck] == [len(photo(1))] * 50


def test_parallel_requests_to_a_host_stay_within_its_limit(image_server):
    lock, now, most = threading.Lock(), 0, 0

    def answer(request):
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1
        reply(request, 200, photo(1))

    image_server.default = lambda _: answer
    ours = fetcher(HostPolicy(initial_limit=3), fetch_concurrency=5)
    for future in [ours.submit(f"{image_server.url}/{n}", size) for n in range(100)]:
        future.result(30)
    # It begins at 3 and grows by one a round, up to the threads that there are.
    assert 3 <= most <= 5


def test_a_retry_after_holds_for_all_items_of_the_host_and_for_no_other(image_server):
    asked = []

    def busy_once(request):
        asked.append(time.monotonic())
        if len(asked) == 1:
            reply(request, 429, Retry_After="1")
        else:
            reply(request, 200, photo(1))

    with serving() as other:
        other.default = lambda _: photo(2)
        image_server.default = lambda _: busy_once
        ours = fetcher(HostPolicy(initial_limit=1, backoff=0.001))
        waiting = [ours.submit(f"{image_server.url}/{n}", size) for n in range(5)]
        ours.submit(f"{other.url}/a", size).result(30)
        assert not any(future.done() for future in waiting)
        assert [future.result(30) for future in waiting] == [len(photo(1))] * 5
    assert asked[1] - asked[0] >= 1
    assert len(asked) == 6


def test_a_dead_host_is_tried_a_few_times_and_not_for_each_item():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        ours = fetcher(HostPolicy(backoff=0.001))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        codes = [code(ours.submit(f"{url}/{n}", size)) for n in range(30)]
    assert set(codes) == {"connection_failed", "host_unreachable"}
    assert codes[-20:] == ["host_unreachable"] * 20


def test_a_dead_host_that_recovers_is_requested_again(image_server):
    image_server.answers["/a"] = photo(1)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        ours = fetcher(HostPolicy(backoff=0.001, max_failures=3, retry_interval=0.2), fetch_attempts=1)
        url = f"http://127.0.0.1:{port}/a"
        while code(ours.submit(url, size)) != "host_unreachable":
            pass
    # The same address, on which a server listens now.
    deadline = time.monotonic() + 30
    with socket.create_server(("127.0.0.1", port)) as listener:

        def answer() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(65536)
                client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + photo(1))

        threading.Thread(target=answer, daemon=True).start()
        while code(ours.submit(url, size)) is not None:
            assert time.monotonic() < deadline


def test_a_future_has_the_result_or_the_error_of_its_image(image_server):
    image_server.answers["/a"] = photo(1)
    ours = fetcher(HostPolicy())
    assert ours.submit(f"{image_server.url}/a", lambda download: download.content).result(30) == photo(1)
    assert ours.submit(f"{image_server.url}/a", lambda download: download.seconds).result(30) > 0

    def fail(_):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        ours.submit(f"{image_server.url}/a", fail).result(30)


def test_closing_fails_waiting_downloads_and_finishes_running_ones(image_server):
    entered, release = threading.Event(), threading.Event()

    def slow(request):
        entered.set()
        release.wait(30)
        reply(request, 200, photo(1))

    image_server.default = lambda _: slow
    ours = fetcher(HostPolicy(initial_limit=1))
    futures = [ours.submit(f"{image_server.url}/{n}", size) for n in range(10)]
    cancelled = futures.pop()
    assert cancelled.cancel()
    assert entered.wait(30)
    ours.close()
    release.set()
    assert futures[0].result(30) == len(photo(1))
    for future in futures[1:]:
        with pytest.raises(UnavailableError):
            future.result(30)
    assert image_server.asked.total() == 1


def test_the_number_of_remembered_hosts_is_limited(monkeypatch):
    monkeypatch.setattr("worker.fetch.host_queue._MAX_IDLE_HOSTS", 100)
    queue: HostQueue[int] = HostQueue(HostPolicy())
    for n in range(10_000):
        queue.put(f"{n}.example", n)
        turn = queue.take()
        assert turn is not None
        assert turn.item == n
        queue.end(turn, Outcome.GOOD)
    assert len(queue._hosts) <= 101
    assert not queue._later
