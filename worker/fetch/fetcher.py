"""Downloads over HTTP: allowed addresses only, limited in bytes and time, rate-limited per host, retried if useful."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from shared.addresses.address_policy import AddressPolicy
from shared.errors import ItemError, UnavailableError
from shared.settings import Settings
from worker.fetch.connections import ConnectionPool, Dialler
from worker.fetch.downloader import BusyError, Downloader, NoAnswerError
from worker.fetch.host_limits import HostPolicy, Outcome
from worker.fetch.host_queue import HostQueue, Turn
from worker.fetch.renditions import small_rendition

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Download:
    """A body, and the seconds that all attempts took, without the time in the queue."""

    content: bytes
    seconds: float


@dataclass(slots=True)
class _Request:
    url: str
    then: Callable[[Download], Any]
    future: "Future[Any]"
    attempts: int = 0
    seconds: float = 0.0


class Fetcher:
    """Downloads in up to `fetch_concurrency` threads of its own. Thread-safe."""

    def __init__(
        self, settings: Settings, policy: AddressPolicy, edge: int, host_policy: HostPolicy | None = None
    ) -> None:
        """`edge` is the model's input size in pixels: hosts that resize are asked for a small rendition."""
        self._settings = settings
        self._edge = edge
        self._host_policy = replace(
            host_policy or HostPolicy(), max_limit=settings.fetch_concurrency, max_pause=settings.fetch_timeout_seconds
        )
        self._connections = ConnectionPool(Dialler(policy), most=2 * settings.fetch_concurrency)
        self._downloader = Downloader(self._connections, settings.max_image_bytes)
        self._queue: HostQueue[_Request] = HostQueue(self._host_policy)
        self._lock = threading.Lock()
        self._threads = 0

    def fetch(self, url: str) -> bytes:
        """Return the body at `url`. Retries transient failures.

        Raises ItemError with a code, and UnavailableError once the worker is stopping.
        """
        return self.submit(url, lambda download: download.content).result()

    def submit(self, url: str, then: Callable[[Download], T]) -> "Future[T]":
        """Queue a download. The future gets the result or the exception of `then`, or fails as `fetch` does.

        `then` runs in the download's thread, which starts no other download until it returns: this is the back-pressure
        of the next stage. Healthy hosts are served first; a slow host never blocks another.
        """
        request = _Request(small_rendition(url, self._edge, self._settings.renditions), then, Future())
        if self._queue.put(_host(request.url), request):
            self._start_thread()
        else:
            request.future.set_exception(_stopping())
        return request.future

    def close(self) -> None:
        """Finish the downloads in progress and start no more. Queued ones fail with UnavailableError."""
        for request in self._queue.close():
            if request.attempts or request.future.set_running_or_notify_cancel():
                request.future.set_exception(_stopping())
        self._connections.close()

    def _start_thread(self) -> None:
        with self._lock:
            if self._threads == self._settings.fetch_concurrency:
                return
            self._threads += 1
            number = self._threads
        threading.Thread(target=self._work, name=f"fetch-{number}", daemon=True).start()

    def _work(self) -> None:
        while (turn := self._queue.take()) is not None:
            if turn.item.attempts or turn.item.future.set_running_or_notify_cancel():
                self._serve(turn)
            elif turn.refusal is None:
                self._queue.end(turn, Outcome.NOTHING)

    def _serve(self, turn: Turn[_Request]) -> None:
        request = turn.item
        if turn.refusal is not None:
            turn.refusal.attempts = request.attempts
            request.future.set_exception(turn.refusal)
            return
        try:
            content = self._attempt(turn)
        except Exception as error:
            self._fail(turn, error)
            return
        self._queue.end(turn, Outcome.GOOD)
        try:
            result = request.then(Download(content, request.seconds))
        except BaseException as error:
            request.future.set_exception(error)
        else:
            request.future.set_result(result)

    def _attempt(self, turn: Turn[_Request]) -> bytes:
        """One attempt. All attempts of an item share one time limit."""
        request = turn.item
        request.attempts += 1
        started = time.monotonic()
        try:
            left = self._settings.fetch_timeout_seconds - request.seconds
            return self._downloader.download(request.url, started + left)
        finally:
            request.seconds += time.monotonic() - started

    def _fail(self, turn: Turn[_Request], error: Exception) -> None:
        request = turn.item
        if not isinstance(error, ItemError):
            self._queue.end(turn, Outcome.ANSWERED)
            request.future.set_exception(error)
            return
        asked_pause = error.seconds if isinstance(error, BusyError) else 0.0
        self._queue.end(turn, _outcome(error), error, asked_pause)
        if not self._may_retry(request, error):
            error.attempts, error.tried_seconds = request.attempts, request.seconds
            request.future.set_exception(error)
            return
        # Full jitter: requests that failed together are not repeated together.
        pause = random.uniform(0, self._host_policy.backoff * 2**request.attempts)  # noqa: S311
        if not self._queue.put(turn.host, request, after=pause):
            request.future.set_exception(_stopping())

    def _may_retry(self, request: _Request, error: ItemError) -> bool:
        has_time = request.seconds < self._settings.fetch_timeout_seconds
        return error.retryable and has_time and request.attempts < self._settings.fetch_attempts


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.lower()
    except ValueError:
        return ""


def _outcome(error: ItemError) -> Outcome:
    if isinstance(error, BusyError):
        return Outcome.BUSY
    if isinstance(error, NoAnswerError):
        return Outcome.UNREACHABLE
    if error.code in ("blocked_address", "bad_url"):
        return Outcome.NOTHING
    return Outcome.SLOW if error.code == "timeout" else Outcome.ANSWERED


def _stopping() -> UnavailableError:
    return UnavailableError("The worker is stopping.")
