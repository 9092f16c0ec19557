"""`python -m benchmarks.photo_server --folder FOLDER`: serves pictures by number, each after a fixed latency.

It simulates distant hosts: `GET /N` returns file N modulo the number of files, over keep-alive connections. It prints
its port. It uses one thread and no framework, to take little time of the cores under measurement.
"""

import argparse
import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_REQUEST = re.compile(rb"GET /(\d+)[^\r\n]* HTTP/1\.1\r\n(?:[^\r\n]+\r\n)*\r\n")


@dataclass(frozen=True)
class PhotoSource:
    """The address and process id of a photo server."""

    url: str
    process_id: int


@contextmanager
def running_photo_server(folder: Path, latency: float) -> Iterator[PhotoSource]:
    """Run the photo server in a child process. `latency` is in seconds."""
    command = [sys.executable, "-m", "benchmarks.photo_server", "--folder", str(folder), "--latency", str(latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield PhotoSource(f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid)
        finally:
            process.terminate()


class PhotoServer(asyncio.Protocol):
    """One connection. Requests are answered in order, each `latency` seconds after it arrived."""

    def __init__(self, photos: Sequence[bytes], latency: float) -> None:
        self._photos = photos
        self._latency = latency
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while found := _REQUEST.match(self._received):
            self._received = self._received[found.end() :]
            photo = self._photos[int(found[1]) % len(self._photos)]
            asyncio.get_running_loop().call_later(self._latency, self._answer, photo)

    def _answer(self, photo: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(photo)
        self._transport.write(head + photo)  # type: ignore[attr-defined]


async def serve(photos: Sequence[bytes], latency: float) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: PhotoServer(photos, latency), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.photo_server", description=__doc__)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds")
    arguments = parser.parse_args()
    asyncio.run(serve([path.read_bytes() for path in sorted(arguments.folder.iterdir())], arguments.latency))


if __name__ == "__main__":
    main()
