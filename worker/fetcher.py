"""Fetch images over HTTP: safely, within limits, trying again where that may help."""

import random
import threading
import time
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

import requests
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import RequestException, SSLError, Timeout
from urllib3.exceptions import HTTPError, NameResolutionError, ReadTimeoutError

from shared.errors import ItemError, UnavailableError
from shared.items import url_problem
from shared.settings import Settings
from worker.addresses import AddressPolicy
from worker.connections import guarded_session
from worker.renditions import small_rendition

USER_AGENT = "Lichtbild/0.1 (image search; asks once per image)"
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 10.0
_MAX_REDIRECTS = 5
_PIECE = 64 * 1024
_BACKOFF_SECONDS = 0.5


class Fetcher:
    """Thread-safe; one pool of keep-alive connections for the process."""

    def __init__(self, settings: Settings, policy: AddressPolicy, edge: int) -> None:
        """`edge` is the model's, in pixels: hosts that resize are asked for no more than it needs."""
        self._settings = settings
        self._edge = edge
        self._session = guarded_session(policy, settings.fetch_concurrency)
        self._stopping = threading.Event()

    def fetch(self, url: str) -> bytes:
        """Return the body at `url`. Retries what may pass.

        Raises ItemError with a code saying what failed, and UnavailableError once the worker is stopping.
        """
        asked = small_rendition(url, self._edge, self._settings.renditions)
        for attempt in range(1, self._settings.fetch_attempts + 1):
            if self._stopping.is_set():
                raise UnavailableError("The worker is stopping.")
            try:
                return self._follow(asked, time.monotonic() + self._settings.fetch_timeout_seconds)
            except ItemError as error:
                if not error.retryable or attempt == self._settings.fetch_attempts:
                    raise
                pause = self._pause(error)
            # Full jitter, so that a crowd of failed requests does not come back as a crowd.
            self._stopping.wait(pause + random.uniform(0, _BACKOFF_SECONDS * 2**attempt))  # noqa: S311
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Let what is on its way arrive, and begin nothing more."""
        self._stopping.set()

    def _pause(self, error: ItemError) -> float:
        """What the server asked for. Raises ItemError if that is longer than a download may take."""
        seconds = error.seconds if isinstance(error, _BusyError) else 0.0
        longest = self._settings.fetch_timeout_seconds
        if seconds > longest:
            said = f"{error} It asks to be left alone for {seconds:.0f} s, and {longest:g} s is the most we wait."
            raise ItemError(error.code, said) from error
        return seconds

    def _follow(self, url: str, deadline: float) -> bytes:
        for _ in range(_MAX_REDIRECTS + 1):
            problem = url_problem(url)
            if problem:
                raise ItemError("bad_url", f"The URL {problem}.")
            try:
                with self._get(url) as response:
                    if not response.is_redirect:
                        return self._body(response, deadline)
                    url = urljoin(url, response.headers["location"])
            except (RequestException, HTTPError, OSError, ValueError) as error:
                raise _classified(error) from error
        raise ItemError("too_many_redirects", f"More than {_MAX_REDIRECTS} redirects.")

    def _get(self, url: str) -> requests.Response:
        return self._session.get(
            url,
            stream=True,
            allow_redirects=False,
            timeout=(_CONNECT_SECONDS, _READ_SECONDS),
            headers={"User-Agent": USER_AGENT, "Accept": "image/*,*/*;q=0.5", "Accept-Encoding": "identity"},
        )

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        status, limit = response.status_code, self._settings.max_image_bytes
        if status != 200:
            code, detail = f"http_{status}", f"The server answered {status}."
            if status in (429, 503):
                raise _BusyError(code, detail, _retry_after(response.headers.get("retry-after", "")))
            raise ItemError(code, detail, retryable=status >= 500)
        too_large = ItemError("too_large", f"The image is larger than {limit} bytes (LICHTBILD_MAX_IMAGE_BYTES).")
        if int(response.headers.get("content-length") or 0) > limit:
            raise too_large
        body = bytearray()
        while piece := response.raw.read1(_PIECE, decode_content=False):
            body += piece
            if len(body) > limit:
                raise too_large
            if time.monotonic() > deadline:
                raise ItemError("timeout", "The download took too long.", retryable=True)
        return bytes(body)


class _BusyError(ItemError):
    """The server asks to be left alone for a while, in seconds."""

    def __init__(self, code: str, detail: str, seconds: float) -> None:
        super().__init__(code, detail, retryable=True)
        self.seconds = seconds


def _retry_after(value: str) -> float:
    """`Retry-After` in seconds, from either of its forms; 0 if there is none."""
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def _classified(error: Exception) -> ItemError:
    causes = _causes(error)
    if any(isinstance(cause, NameResolutionError) for cause in causes):
        return ItemError("dns_failed", "The host name does not resolve.", retryable=True)
    if any(isinstance(cause, (Timeout, ReadTimeoutError, TimeoutError)) for cause in causes):
        return ItemError("timeout", "The server did not answer in time.", retryable=True)
    if any(isinstance(cause, SSLError) for cause in causes):
        return ItemError("tls_failed", "No trusted TLS connection could be made.")
    if isinstance(error, (RequestsConnectionError, HTTPError, OSError)) and not isinstance(error, ValueError):
        return ItemError("connection_failed", "The connection failed.", retryable=True)
    return ItemError("bad_response", f"The server's answer is not valid HTTP ({type(error).__name__}).")


def _causes(error: BaseException) -> list[BaseException]:
    """The error and what it wraps: requests and urllib3 keep the reason in `args`, `reason` or `__cause__`."""
    found: list[BaseException] = []
    queue: list[object] = [error]
    while queue:
        cause = queue.pop()
        if isinstance(cause, BaseException) and cause not in found:
            found.append(cause)
            queue += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return found
