"""Downloads over HTTP: allowed addresses only, limited in bytes and time, rate-limited per host, retried if useful."""

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from shared.addresses.address_policy import AddressPolicy
from shared.addresses.web_url import WebUrl, parse_web_url
from shared.errors import ItemError, UnavailableError
from shared.settings import Settings
from worker.fetch.connection_pool import ConnectionPool
from worker.fetch.connections import Dialler
from worker.fetch.downloader import BusyError, Downloader, Moved, NoAnswerError
from worker.fetch.host_limits import HostPolicy, Outcome
from worker.fetch.host_queue import HostQueue, Turn
from worker.fetch.proxy import proxy_at
from worker.fetch.renditions import small_rendition
from worker.fetch.request import RequestWriter

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Download:
    """A body, and the seconds that all attempts took, without the time in the queue."""

    content: bytes
    seconds: float


@dataclass(slots=True)
class _Request:
    """`url` is what is asked for next, after `hops` redirects. A redirect to another host waits for its turn there.

    `is_unescaped`: the listed URL was not found with its `&amp;`, so it is asked for with `&`.
    """

    url: WebUrl
    then: Callable[[Download], Any]
    future: "Future[Any]"
    asked_host: str
    attempts: int = 0
    seconds: float = 0.0
    hops: int = 0
    is_redirected: bool = False
    is_unescaped: bool = False

    @property
    def host(self) -> str:
        """Whose limits apply: `name` or `name:port`."""
        return self.url.origin.netloc


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
        proxy = proxy_at(settings.fetch_proxy.get_secret_value())
        self._connections = ConnectionPool(Dialler(policy, proxy), most=2 * settings.fetch_concurrency)
        opt_out = frozenset(directive.lower() for directive in settings.opt_out_directives)
        self._downloader = Downloader(self._connections, RequestWriter(settings), settings.max_image_bytes, opt_out)
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
        future: Future[T] = Future()
        try:
            asked = parse_web_url(small_rendition(url, self._edge, self._settings.renditions))
        except ValueError as problem:
            future.set_exception(ItemError("bad_url", f"The URL {problem}."))
            return future
        if self._enqueue(_Request(asked, then, future, asked.origin.host)):
            self._start_thread()
        return future

    def close(self) -> None:
        """Finish the downloads in progress and start no more. Queued ones fail with UnavailableError."""
        for request in self._queue.close():
            if request.attempts or request.future.set_running_or_notify_cancel():
                request.future.set_exception(_stopping())
        self._connections.close()

    def _enqueue(self, request: _Request, after: float = 0.0) -> bool:
        """Queue a request now or in `after` seconds. Return False, and fail it, if the fetcher is closed."""
        if self._queue.put(request.host, request, after):
            return True
        request.future.set_exception(_stopping())
        return False

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
            self._give_up(request, turn.refusal)
            return
        try:
            content = self._attempt(turn)
        except Exception as error:
            self._fail(turn, error)
            return
        self._queue.end(turn, Outcome.GOOD)
        if isinstance(content, Moved):
            request.url, request.hops, request.is_redirected = content.url, content.hops, True
            self._enqueue(request)
            return
        try:
            result = request.then(Download(content, request.seconds))
        except BaseException as error:
            request.future.set_exception(error)
        else:
            request.future.set_result(result)

    def _attempt(self, turn: Turn[_Request]) -> bytes | Moved:
        """One attempt, or its next part at another host. All attempts of an item share one time limit."""
        request = turn.item
        request.attempts += not request.is_redirected
        request.is_redirected = False
        started = time.monotonic()
        try:
            left = self._settings.fetch_timeout_seconds - request.seconds
            return self._downloader.download(request.url, started + left, request.hops)
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
        if _may_be_escaped(request, error):
            request.is_unescaped = True
            request.url = replace(request.url, target=request.url.target.replace("&amp;", "&"))
            self._enqueue(request)
        elif self._may_retry(request, error):
            # Full jitter: requests that failed together are not repeated together.
            self._enqueue(request, after=random.uniform(0, self._host_policy.backoff * 2**request.attempts))  # noqa: S311
        else:
            self._give_up(request, error)

    def _give_up(self, request: _Request, error: ItemError) -> None:
        error.attempts, error.tried_seconds = request.attempts, request.seconds
        if request.url.origin.host != request.asked_host:
            error.host = request.url.origin.host
        request.future.set_exception(error)

    def _may_retry(self, request: _Request, error: ItemError) -> bool:
        has_time = request.seconds < self._settings.fetch_timeout_seconds
        return error.retryable and has_time and request.attempts < self._settings.fetch_attempts


def _may_be_escaped(request: _Request, error: ItemError) -> bool:
    """Whether the URL may have been copied from HTML. `&amp;` is valid in a URL, so it is asked for as it is first."""
    return error.code == "http_404" and not request.is_unescaped and "&amp;" in request.url.target


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
