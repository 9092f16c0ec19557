"""A list of image URLs like those on the internet: most are pictures, many are not, and some are traps."""

import io
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from PIL import Image

from tests.faults.pictures import LOOPBACKS, picture
from tests.image_server import Answer, ImageServer, reply
from tests.pictures import animated, encoded, palette_with_transparency, photo, rotated, scribble

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>'
HTML = b"<!doctype html><html><title>Sign in</title><body>Please sign in to see this photo.</body></html>"


@dataclass(frozen=True)
class Entry:
    """One URL of the list: its server's answer, and the code of its failure, or None if it is a picture."""

    path: str
    answer: bytes | int | Answer
    code: str | None
    server: str = ""  # instead of the image server


@contextmanager
def closed_port() -> Iterator[int]:
    """A port that refuses connections, reserved so that no other process can bind it."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def trickle(request: Any) -> None:
    """Sends a picture one byte at a time and never completes it."""
    request.send_response(200)
    request.send_header("Content-Length", "100000")
    request.end_headers()
    try:
        # It begins like a JPEG: the fetcher does not wait for a body that cannot be an image.
        request.wfile.write(picture(0)[:100])
        for _ in range(300):
            request.wfile.write(b"x")
            time.sleep(0.1)
    except OSError:
        request.close_connection = True


class SecondTry:
    """Returns 500 for the first request and a picture afterwards."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._was_asked = False

    def __call__(self, request: Any) -> None:
        status, self._was_asked = (200 if self._was_asked else 500), True
        reply(request, status, self._content if status == 200 else b"")


def hostile_list(count: int, refusing_port: int) -> list[Entry]:
    """5 % dead links, 3 % pages, 1 % truncated pictures, one of each odd picture; the others are plain pictures."""
    # Half a percent of each kind: each silent host occupies a thread of a worker until its timeout.
    few = max(1, count // 200)
    # Several host names, since a host that fails repeatedly gets no more requests (`host_unreachable`).
    refusing = [f"http://{host}:{refusing_port}" for host in LOOPBACKS]
    dead: list[Callable[[int], Entry]] = [
        *[lambda n: Entry(f"/{n}.jpg", 404, "http_404")] * 3 * few,
        *[lambda n: Entry(f"/{n}.jpg", 410, "http_410")] * 2 * few,
        *[lambda n: Entry(f"/{n}.jpg", 200, "connection_failed", refusing[n % len(refusing)])] * few,
        *[lambda n: Entry(f"/{n}.jpg", 200, "dns_failed", f"http://no-such-host-{n}.invalid")] * few,
        *[lambda n: Entry(f"/{n}.jpg", trickle, "timeout")] * few,
        *[lambda n: Entry(f"/{n}.jpg", 500, "http_500")] * 2 * few,
        *[lambda n: Entry(f"/{n}.jpg", SecondTry(picture(n)), None)] * few,
    ]
    pages: list[Callable[[int], Entry]] = [lambda n: Entry(f"/{n}.jpg", HTML, "not_an_image")] * (count * 3 // 100)
    cut: list[Callable[[int], Entry]] = [
        lambda n: Entry(f"/{n}.jpg", photo(n)[: 600 + n], "broken_image") for _ in range(count // 100)
    ]
    makers = [*dead, *pages, *cut, *odd()]
    plain = [lambda n: Entry(f"/{n}.jpg", picture(n), None)] * (count - len(makers))
    # Spread evenly, so that bad ones have good neighbours in their chunks.
    step = count // len(makers)
    dealt: list[Callable[[int], Entry]] = []
    for maker in makers:
        dealt += [maker, *plain[: step - 1]]
        del plain[: step - 1]
    return [maker(n) for n, maker in enumerate([*dealt, *plain])]


def odd() -> list[Callable[[int], Entry]]:
    """One of each odd kind of picture."""
    huge = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(huge, "PNG")
    sixteen_bit = scribble(120, 120, 14).convert("I").point(lambda value: value * 200).convert("I;16")
    kinds: list[tuple[bytes, str | None]] = [
        (huge.getvalue(), "too_many_pixels"),
        (encoded(Image.new("RGB", (1, 1), (200, 30, 90))), None),
        (SVG, "not_an_image"),
        (animated(), None),
        (b"", "not_an_image"),
        (encoded(scribble(180, 140, 13).convert("CMYK"), "JPEG"), None),
        (encoded(sixteen_bit), None),
        (palette_with_transparency(), None),
        (rotated(6), None),
    ]
    return [lambda n, kind=kind: Entry(f"/{n}.jpg", *kind) for kind in kinds]


def serve(images: ImageServer, entries: list[Entry]) -> list[dict[str, Any]]:
    """Configure the server's answers, and return the items to ingest."""
    for entry in entries:
        if not entry.server:
            images.answers[entry.path] = entry.answer
    return [
        {"id": f"p/{n}", "url": (entry.server or images.url) + entry.path, "attributes": {"n": n}}
        for n, entry in enumerate(entries)
    ]
