"""Acts on the effects of flows in an event loop, with httpx2; whatever may block runs in a thread."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from functools import partial
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ssl import SSLContext
from typing import Any, Self, TypeVar

import anyio
import anyio.to_thread
import httpx2

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
from lichtbild.core.sources import Source, StreamedBody
from lichtbild.events import MEDIA_TYPE
from lichtbild.transports.address import CONNECT_SECONDS, is_loopback
from lichtbild.transports.steps import Steps

T = TypeVar("T")


class AsyncTransport:
    """For the tasks of one event loop."""

    def __init__(self, api: str, api_key: str | None) -> None:
        self._api = api
        self._api_key = api_key
        # Costs some ten milliseconds, so that all connections share it.
        self._tls: SSLContext | bool = not is_loopback(api) or api.startswith("https:")
        if self._tls:
            self._tls = httpx2.create_ssl_context()
        self._http = self._open_client()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def sleep(self, seconds: float) -> None:
        """Wait between two attempts."""
        await anyio.sleep(seconds)

    async def run(self, flow: Flow[T]) -> T:
        """The result of the flow. Raises what it raises."""
        steps = Steps(flow)
        async with _Stream() as stream:
            while steps.effect is not None:
                await self._advance(steps, stream)
        return steps.value

    async def iterate(self, flow: Items[T]) -> AsyncIterator[T]:
        """The values that the flow emits. Raises what it raises."""
        steps = Steps(flow)
        async with _Stream() as stream:
            while steps.effect is not None:
                if isinstance(steps.effect, Emit):
                    yield steps.effect.value
                    steps.answer(None)
                else:
                    await self._advance(steps, stream)

    async def _advance(self, steps: Steps[Any], stream: _Stream) -> None:
        try:
            result = await self._act(steps.effect, stream)
        except Exception as error:
            steps.fail(error)
        else:
            steps.answer(result)

    async def _act(self, effect: Effect | Emit[Any] | None, stream: _Stream) -> Any:
        match effect:
            case Request():
                return await self._send(effect)
            case Pause(seconds):
                return await self.sleep(seconds)
            case Take(source):
                return await _next(source)
            case Work(function):
                return await anyio.to_thread.run_sync(function)
            case Open(request):
                return await self._open(request, stream)
            case Read():
                return await stream.read()
            case Close():
                return await stream.close()
        raise TypeError(f"A flow cannot yield {effect!r} here.")

    async def _send(self, request: Request) -> Response:
        if not isinstance(request.body, StreamedBody):
            return await self._exchange(self._http, request)
        async with self._open_client() as client:
            return await self._exchange(client, request)

    async def _exchange(self, client: httpx2.AsyncClient, request: Request) -> Response:
        try:
            return await _read(await client.send(self._prepared(client, request), stream=True))
        except httpx2.TransportError as error:
            raise NoAnswer(f"No answer from {self._api}: {_reason(error)}.") from error

    async def _open(self, request: Request, stream: _Stream) -> Response:
        await stream.close()
        try:
            client = await stream.enter(self._open_client())
            response = await client.send(self._prepared(client, request), stream=True)
            if response.headers.get("content-type", "").startswith(MEDIA_TYPE):
                stream.hold(response, f"The event stream of {self._api} broke")
                return _described(response, b"")
            return await _read(response)
        except httpx2.TransportError as error:
            raise NoAnswer(f"No answer from {self._api}: {_reason(error)}.") from error

    def _prepared(self, client: httpx2.AsyncClient, request: Request) -> httpx2.Request:
        body = _in_threads(request.body) if isinstance(request.body, StreamedBody) else request.body
        return client.build_request(
            request.method,
            self._api + request.path,
            params=dict(request.params),
            headers=dict(request.headers),
            json=request.json,
            content=body,
            timeout=httpx2.Timeout(request.silence, connect=min(CONNECT_SECONDS, request.silence), pool=None),
        )

    def _open_client(self) -> httpx2.AsyncClient:
        """Addresses on loopback bypass proxies. No cookies are kept, and no credentials are read from ~/.netrc."""
        return httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {self._api_key}"} if self._api_key else {},
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=not is_loopback(self._api),
            verify=self._tls,
        )


class _Stream:
    """The open event stream of a flow, if any, with its own connection."""

    def __init__(self) -> None:
        self._closing = AsyncExitStack()
        self._pieces: AsyncIterator[bytes] | None = None
        self._broke = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def enter(self, client: httpx2.AsyncClient) -> httpx2.AsyncClient:
        """The client, closed together with the stream."""
        return await self._closing.enter_async_context(client)

    def hold(self, response: httpx2.Response, broke: str) -> None:
        """Read from this response; `broke` begins the text of an error."""
        self._closing.push_async_callback(response.aclose)
        self._pieces, self._broke = response.aiter_bytes(), broke

    async def read(self) -> bytes:
        """The next piece, empty at the end. Raises NoAnswer."""
        if self._pieces is None:
            return b""
        try:
            return await anext(self._pieces, b"")
        except httpx2.TransportError as error:
            raise NoAnswer(f"{self._broke}: {_reason(error)}.") from error

    async def close(self) -> None:
        """Close the connection."""
        self._pieces = None
        await self._closing.aclose()


async def _next(source: Source[T]) -> T | object:
    items = source.asynchronous()
    if items is not None:
        return await anext(items, END)
    return await anyio.to_thread.run_sync(partial(next, source.blocking(), END))


def _in_threads(body: StreamedBody) -> AsyncIterator[bytes]:
    """The pieces of a body; those of a plain iterable are taken in a thread, since it may read files."""
    return aiter(body) if body.asynchronous() is not None else _each_in_a_thread(iter(body))


async def _each_in_a_thread(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await anyio.to_thread.run_sync(partial(next, pieces, None))) is not None:
        yield piece


async def _read(response: httpx2.Response) -> Response:
    try:
        return _described(response, await response.aread())
    finally:
        await response.aclose()


def _described(response: httpx2.Response, content: bytes) -> Response:
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(response.status_code, response.reason_phrase, headers, str(response.url), content)


def _reason(error: BaseException) -> str:
    """The innermost cause, without the wrappers of httpx2 and anyio."""
    if isinstance(error, httpx2.TimeoutException):
        return "it timed out"
    inner: BaseException | None = error
    text = str(error)
    while inner is not None:
        if isinstance(inner, OSError) and inner.errno:
            # asyncio's own text hides the system's; numbers below 0 are those of getaddrinfo.
            text = os.strerror(inner.errno) if inner.errno > 0 else inner.strerror or text
        inner = inner.__cause__ or inner.__context__
    return (text or type(error).__name__).lower().rstrip(".")
