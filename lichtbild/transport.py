"""HTTP calls to the API that return its JSON; calls that are safe to repeat are retried."""

from __future__ import annotations

import ipaddress
import random
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from lichtbild.errors import ApiError, Unreachable, refusal
from lichtbild.events import MEDIA_TYPE

_NEVER = float("inf")
_PAGE = 1000
_CONNECT_SECONDS = 5.0
# After the last byte the API still reads buffered data and makes the job visible.
_UPLOAD_SECONDS = 60.0
# An answer that the API sends at the deadline still has to arrive.
_GRACE_SECONDS = 1.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 8.0


class Transport:
    """Thread-safe. In seconds: `timeout` is the longest silence of the API, `patience` how long a call is retried."""

    def __init__(self, api: str, api_key: str | None, timeout: float, patience: float) -> None:
        parts = urlsplit(api)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"The API's address must look like http://127.0.0.1:8700, not {api!r}.")
        self.api = api.rstrip("/")
        self._timeout = timeout
        self.patience = patience
        self._auth = _Key(api_key)
        self._session = open_session(api)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def sleep(self, seconds: float) -> None:
        """Wait between two attempts."""
        time.sleep(seconds)

    def call(self, method: str, path: str, *, wait: float = 0.0, deadline: float = _NEVER, **parts: Any) -> Any:
        """Make a call that is safe to repeat. `wait` is how many seconds the API may hold it, `deadline` a monotonic
        time; `parts` go to requests. Raises Unreachable or ApiError.
        """
        give_up = min(time.monotonic() + self.patience, deadline)
        waits = pauses()
        while True:
            try:
                return _answer(self._request(self._session, method, path, wait, deadline, **parts), self.api)
            except (NoAnswer, ApiError) as error:
                pause = max(next(waits), error.retry_after or 0.0)
                if not error.is_temporary or time.monotonic() + pause > give_up:
                    raise
            self.sleep(pause)

    def pages(self, path: str, **params: Any) -> Iterator[Any]:
        """GET every page of a list, following `next_cursor`. Raises Unreachable or ApiError."""
        cursor: str | None = None
        while True:
            page = self.call("GET", path, params={**params, "limit": _PAGE, "cursor": cursor})
            yield page
            cursor = page["next_cursor"]
            if not cursor:
                return

    def ask(self, path: str) -> tuple[int, Any]:
        """GET without retries; return status and JSON for any status. Raises Unreachable."""
        response = self._request(self._session, "GET", path)
        return response.status_code, _json(response, self.api)

    def upload(self, path: str, pieces: Iterable[bytes], **parts: Any) -> Any:
        """POST a streamed body without retries, over a new connection, which cannot be stale.

        Raises Unreachable (NoAnswer if the connection was refused or broke) or ApiError.
        """
        with open_session(self.api) as session:
            return _answer(self._request(session, "POST", path, _UPLOAD_SECONDS, data=pieces, **parts), self.api)

    def stream(self, path: str, silence: float) -> Generator[bytes, None, None]:
        """GET Server-Sent Events without retries: the pieces of the body as they arrive, over a connection of its own.

        Raises Unreachable (NoAnswer if the connection breaks or is silent for `silence` seconds) or ApiError.
        """
        with open_session(self.api) as session:
            headers = {"Accept": MEDIA_TYPE}
            with self._send(session, "GET", path, silence, headers=headers, stream=True) as response:
                if not response.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
                    _answer(response, self.api)
                    raise Unreachable(f"{self.api} sends no event stream.")
                # Without chunks, a read for more than one byte would block until all of them have arrived.
                size = 65536 if getattr(response.raw, "chunked", False) else 1
                try:
                    yield from response.iter_content(size)
                except requests.RequestException as error:
                    raise NoAnswer(f"The event stream of {self.api} broke: {_reason(error)}.") from error

    def _request(
        self,
        session: requests.Session,
        method: str,
        path: str,
        wait: float = 0.0,
        deadline: float = _NEVER,
        **parts: Any,
    ) -> requests.Response:
        silence = min(self._timeout + wait, max(0.0, deadline - time.monotonic()) + _GRACE_SECONDS)
        return self._send(session, method, path, silence, **parts)

    def _send(
        self, session: requests.Session, method: str, path: str, silence: float, **parts: Any
    ) -> requests.Response:
        timeout = (min(_CONNECT_SECONDS, silence), silence)
        try:
            return session.request(
                method, self.api + path, auth=self._auth, timeout=timeout, allow_redirects=False, **parts
            )
        except requests.RequestException as error:
            raise NoAnswer(f"No answer from {self.api}: {_reason(error)}.") from error


class NoAnswer(Unreachable):
    """The connection was refused or broke, or the API did not answer in time."""

    retry_after = None
    is_temporary = True


class _Key(AuthBase):
    """Sends the API key or nothing: without this class, requests would send credentials from ~/.netrc."""

    def __init__(self, api_key: str | None) -> None:
        self._api_key = api_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._api_key:
            request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


def open_session(url: str) -> requests.Session:
    """A session for several threads; addresses on loopback bypass proxies."""
    session = requests.Session()
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.trust_env = not _is_loopback(urlsplit(url).hostname or "")
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=32))
    return session


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def segment(value: str) -> str:
    """Percent-encode an id as one segment of a path, even if it contains `/`."""
    return quote(value, safe="")


def pauses() -> Iterator[float]:
    """Exponential backoff in seconds, from 0.2 to 8 with up to 25 % jitter, so that many clients spread out."""
    pause = _FIRST_PAUSE
    while True:
        yield pause * random.uniform(0.75, 1.0)  # noqa: S311 - not a secret
        pause = min(pause * 2, _LONGEST_PAUSE)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """`Retry-After` in seconds, from a number or a date; None without a valid one."""
    text = headers.get("Retry-After", "")
    with suppress(ValueError):
        return max(0.0, float(text))
    with suppress(ValueError):
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    return None


def _answer(response: requests.Response, api: str) -> Any:
    """The JSON of a successful response, None for 204. Raises ApiError or Unreachable."""
    if response.status_code == 204:
        return None
    if response.ok and not response.is_redirect:
        return _json(response, api)
    raise _problem(response)


def _json(response: requests.Response, api: str) -> Any:
    try:
        return response.json()
    except ValueError:
        raise Unreachable(f"The server at {api} is not Lichtbild's API.") from None


def _problem(response: requests.Response) -> ApiError:
    """The error in an `application/problem+json`, or one made from the status alone."""
    status = response.status_code
    notes = (_retry_after(response.headers), response.headers.get("X-Request-ID"))
    try:
        problem = response.json()
        return refusal(status, problem["type"].rpartition(":")[2], problem["detail"], *notes)
    except (ValueError, KeyError, TypeError, AttributeError):
        where = f" and redirects to {response.headers['Location']}" if response.is_redirect else ""
        return ApiError(status, f"http_{status}", f"{response.url} returned {response.reason}{where}.", *notes)


def _reason(error: requests.RequestException) -> str:
    """The innermost cause, without the wrappers of urllib3 and requests."""
    if isinstance(error, requests.Timeout):
        return "it timed out"
    inner = error.args[0] if error.args else error
    inner = getattr(inner, "reason", inner)
    inner = getattr(inner, "__cause__", None) or inner
    return (getattr(inner, "strerror", None) or str(inner)).lower().rstrip(".")
