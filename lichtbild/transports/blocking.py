"""Acts on the effects of flows in the caller's thread, with requests."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.cookiejar import DefaultCookiePolicy
from typing import Any, Self, TypeVar

import requests
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from lichtbild.core.effects import (
    END,
    Close,
    Effect,
    Emit,
    Flow,
    Items,
    NoAnswer,
    Open,
    Pause,
    Read,
    Request,
    Response,
    Take,
    Work,
)
from lichtbild.core.sources import StreamedBody
from lichtbild.events import MEDIA_TYPE
from lichtbild.transports.address import CONNECT_SECONDS, is_loopback
from lichtbild.transports.steps import Steps

T = TypeVar("T")


class BlockingTransport:
    """Thread-safe."""

    def __init__(self, api: str, api_key: str | None) -> None:
        self._api = api
        self._auth = _Key(api_key)
        self._session = open_session(api)

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def sleep(self, seconds: float) -> None:
        """Wait between two attempts."""
        time.sleep(seconds)

    def run(self, flow: Flow[T]) -> T:
        """The result of the flow. Raises what it raises."""
        steps = Steps(flow)
        with _Stream() as stream:
            while steps.effect is not None:
                self._advance(steps, stream)
        return steps.value

    def iterate(self, flow: Items[T]) -> Iterator[T]:
        """The values that the flow emits. Raises what it raises."""
        steps = Steps(flow)
        with _Stream() as stream:
            while steps.effect is not None:
                if isinstance(steps.effect, Emit):
                    yield steps.effect.value
                    steps.answer(None)
                else:
                    self._advance(steps, stream)

    def _advance(self, steps: Steps[Any], stream: _Stream) -> None:
        try:
            result = self._act(steps.effect, stream)
        except Exception as error:
            steps.fail(error)
        else:
            steps.answer(result)

    def _act(self, effect: Effect | Emit[Any] | None, stream: _Stream) -> Any:
        match effect:
            case Request():
                return self._send(effect)
            case Pause(seconds):
                return self.sleep(seconds)
            case Take(source):
                return next(source.blocking(), END)
            case Work(function):
                return function()
            case Open(request):
                return self._open(request, stream)
            case Read():
                return stream.read()
            case Close():
                return stream.close()
        raise TypeError(f"A flow cannot yield {effect!r} here.")

    def _send(self, request: Request) -> Response:
        if not isinstance(request.body, StreamedBody):
            return self._read(self._exchange(self._session, request))
        with open_session(self._api) as session:
            return self._read(self._exchange(session, request))

    def _open(self, request: Request, stream: _Stream) -> Response:
        stream.close()
        session = open_session(self._api)
        try:
            response = self._exchange(session, request, stream=True)
        except BaseException:
            session.close()
            raise
        stream.hold(session, response, f"The event stream of {self._api} broke")
        if response.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
            return _described(response, b"")
        return self._read(response)

    def _read(self, response: requests.Response) -> Response:
        try:
            return _described(response, response.content)
        except requests.RequestException as error:
            raise NoAnswer(f"No answer from {self._api}: {reason(error)}.") from error

    def _exchange(self, session: requests.Session, request: Request, *, stream: bool = False) -> requests.Response:
        try:
            return session.request(
                request.method,
                self._api + request.path,
                params=request.params,
                headers=request.headers,
                json=request.json,
                data=request.body,
                auth=self._auth,
                timeout=(min(CONNECT_SECONDS, request.silence), request.silence),
                allow_redirects=False,
                stream=stream,
            )
        except requests.RequestException as error:
            raise NoAnswer(f"No answer from {self._api}: {reason(error)}.") from error


class _Stream:
    """The open event stream of a flow, if any, with its own connection."""

    def __init__(self) -> None:
        self._closing = ExitStack()
        self._pieces: Iterator[bytes] = iter(())
        self._broke = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hold(self, session: requests.Session, response: requests.Response, broke: str) -> None:
        """Read from this response; `broke` begins the text of an error."""
        # Without chunks, a read for more than one byte would block until all of them have arrived.
        size = 65536 if getattr(response.raw, "chunked", False) else 1
        self._pieces, self._broke = response.iter_content(size), broke
        self._closing.callback(session.close)
        self._closing.callback(response.close)

    def read(self) -> bytes:
        """The next piece, empty at the end. Raises NoAnswer."""
        try:
            return next(self._pieces, b"")
        except requests.RequestException as error:
            raise NoAnswer(f"{self._broke}: {reason(error)}.") from error

    def close(self) -> None:
        """Close the connection."""
        self._pieces = iter(())
        self._closing.close()


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
    session.trust_env = not is_loopback(url)
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=32))
    return session


def _described(response: requests.Response, content: bytes) -> Response:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(response.status_code, response.reason, headers, response.url, content)


def reason(error: requests.RequestException) -> str:
    """The innermost cause, without the wrappers of urllib3 and requests."""
    if isinstance(error, requests.Timeout):
        return "it timed out"
    inner = error.args[0] if error.args else error
    inner = getattr(inner, "reason", inner)
    inner = getattr(inner, "__cause__", None) or inner
    return (getattr(inner, "strerror", None) or str(inner)).lower().rstrip(".")
