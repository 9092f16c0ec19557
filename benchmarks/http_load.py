"""HTTP clients that take little time of the cores under measurement: asyncio, one thread, keep-alive connections."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

# Request timeout; longer than any long poll of the benchmarks.
_TIMEOUT_SECONDS = 90.0


@dataclass(frozen=True)
class Answer:
    """A response and its latency. Status 0: the connection failed or the request timed out."""

    status: int
    body: bytes
    milliseconds: float

    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One keep-alive connection, opened again when the server has closed it."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "127.0.0.1", parts.port or 80
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Send one request and read its response."""
        lines = {"Host": f"{self._host}:{self._port}", "Content-Length": str(len(body)), **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        request = f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body
        started = time.perf_counter()
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                status, content = await self._exchange(request)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            self.close()
            status, content = 0, b""
        return Answer(status, content, 1000 * (time.perf_counter() - started))

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, request: bytes) -> tuple[int, bytes]:
        if self._streams is None or self._streams[0].at_eof():
            self.close()
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(request)
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return int(first.split()[1]), content


async def load(
    url: str, clients: int, seconds: float, request: Callable[[], tuple[str, bytes, Mapping[str, str]]]
) -> tuple[list[Answer], float]:
    """POST what `request()` returns (path, body, headers) from `clients` clients in a closed loop for `seconds`.

    Return all answers and the whole duration in seconds.
    """
    started = time.perf_counter()
    answers: list[Answer] = []

    async def run() -> None:
        client = Client(url)
        while time.perf_counter() - started < seconds:
            path, body, headers = request()
            answers.append(await client.ask("POST", path, body, headers))
        client.close()

    await asyncio.gather(*(run() for _ in range(clients)))
    return answers, time.perf_counter() - started
