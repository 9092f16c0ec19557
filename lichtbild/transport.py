"""HTTP to the API: one call in, its JSON out, tried again where that cannot do anything twice."""

from __future__ import annotations

import ipaddress
import random
import time
from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from lichtbild.errors import ApiError, Unreachable

_NEVER = float("inf")
_CONNECT_SECONDS = 5.0
# After the last byte the API still has to read what lies in buffers and make the job visible.
_UPLOAD_SECONDS = 60.0
# An answer that the API held until the deadline still has to arrive.
_GRACE_SECONDS = 1.0
_PASSING = frozenset({429, 502, 503, 504})
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 8.0


class Transport:
    """Thread-safe. In seconds: `timeout` is how long the API may be silent, `patience` how long a call is repeated."""

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
        self._session.close()

    def call(self, method: str, path: str, *, wait: float = 0.0, deadline: float = _NEVER, **parts: Any) -> Any:
        """Make a call that may be repeated; `wait` is how long the API was asked to hold it, `deadline` a monotonic
        time, `parts` are requests' own. Raises Unreachable or ApiError.
        """
        give_up = min(time.monotonic() + self.patience, deadline)
        waits = pauses()
        while True:
            try:
                return _answer(self._request(self._session, method, path, wait, deadline, **parts), self.api)
            except (NoAnswer, PassingError) as error:
                pause = max(next(waits), error.retry_after)
                if time.monotonic() + pause > give_up:
                    raise
            time.sleep(pause)

    def ask(self, path: str) -> tuple[int, Any]:
        """GET once; return status and JSON, whatever the status. Raises Unreachable."""
        response = self._request(self._session, "GET", path)
        return response.status_code, _json(response, self.api)

    def upload(self, path: str, pieces: Iterable[bytes], **parts: Any) -> Any:
        """POST a streamed body, once, over a connection of its own, which cannot have gone stale.

        Raises Unreachable (NoAnswer if the connection was refused or broke) or ApiError (PassingError if that passes).
        """
        with open_session(self.api) as session:
            return _answer(self._request(session, "POST", path, _UPLOAD_SECONDS, data=pieces, **parts), self.api)

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
        timeout = (min(_CONNECT_SECONDS, silence), silence)
        try:
            return session.request(
                method, self.api + path, auth=self._auth, timeout=timeout, allow_redirects=False, **parts
            )
        except requests.RequestException as error:
            raise NoAnswer(f"No answer from {self.api}: {_reason(error)}.") from error


class NoAnswer(Unreachable):
    """The connection was refused or broke, or it took too long."""

    retry_after = 0.0


class PassingError(ApiError):
    """Refused for a reason that passes; nothing was done."""

    def __init__(self, error: ApiError, retry_after: float) -> None:
        super().__init__(error.status, error.code, error.detail)
        self.retry_after = retry_after


class _Key(AuthBase):
    """Sends the key and nothing else: without it, requests would send what ~/.netrc says."""

    def __init__(self, api_key: str | None) -> None:
        self._api_key = api_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._api_key:
            request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


def open_session(url: str) -> requests.Session:
    """A session that several threads may use; no proxy is asked for what is on this machine."""
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


def pauses() -> Iterator[float]:
    """Doubling, with up to a quarter less by chance, so that many clients do not come back at once."""
    pause = _FIRST_PAUSE
    while True:
        yield pause * random.uniform(0.75, 1.0)  # noqa: S311 - no secret
        pause = min(pause * 2, _LONGEST_PAUSE)


def _retry_after(response: requests.Response) -> float:
    """`Retry-After` in seconds, from either of its forms; 0 if there is none."""
    text = response.headers.get("Retry-After", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except ValueError:
        return 0.0


def _answer(response: requests.Response, api: str) -> Any:
    """Its JSON, or None where there is nothing to say."""
    if response.status_code == 204:
        return None
    if response.ok and not response.is_redirect:
        return _json(response, api)
    error = _problem(response)
    if error.status in _PASSING:
        raise PassingError(error, _retry_after(response))
    raise error


def _json(response: requests.Response, api: str) -> Any:
    try:
        return response.json()
    except ValueError:
        raise Unreachable(f"Something answers at {api}, but it is not Lichtbild's API.") from None


def _problem(response: requests.Response) -> ApiError:
    """The error in an `application/problem+json`, or what little there is to say without one."""
    status = response.status_code
    try:
        problem = response.json()
        return ApiError(status, problem["type"].rpartition(":")[2], problem["detail"])
    except (ValueError, KeyError, TypeError, AttributeError):
        where = f" and leads to {response.headers['Location']}" if response.is_redirect else ""
        return ApiError(status, f"http_{status}", f"{response.url} answers {response.reason}{where}.")


def _reason(error: requests.RequestException) -> str:
    """The cause in a few words, without the layers that urllib3 and requests put around it."""
    if isinstance(error, requests.Timeout):
        return "it took too long"
    inner = error.args[0] if error.args else error
    inner = getattr(inner, "reason", inner)
    inner = getattr(inner, "__cause__", None) or inner
    return (getattr(inner, "strerror", None) or str(inner)).lower().rstrip(".")
