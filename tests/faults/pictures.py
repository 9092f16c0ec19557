"""Pictures by number, each unlike the others, and the URLs and items that name them."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from tests.faults.sizes import CHUNK
from tests.image_server import Answer, ImageServer

# Opening this image kills the process, as a fault in a C library would.
DEADLY = b"deadly image"
# Run by Python itself at the start of each process that has this file's folder on its path.
SITECUSTOMIZE = f"""
import os
from PIL import Image
original = Image.open
Image.open = lambda file, *a, **k: os.abort() if file.getvalue() == {DEADLY!r} else original(file, *a, **k)
"""


def picture(number: int, edition: int = 1) -> bytes:
    """Sixteen coloured fields: any two pictures are far enough apart for a swapped vector to be noticed."""
    colours = np.random.default_rng([edition, number]).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(colours).resize((48, 40), Image.Resampling.NEAREST).save(file, "JPEG", quality=90)
    return file.getvalue()


def picture_at(url: str) -> bytes:
    """The picture that a URL of `items`, or its path, names."""
    edition, number = place(urlsplit(url).path)
    return picture(number, edition)


def place(path: str) -> tuple[int, int]:
    """Edition and number of `/EDITION/NUMBER.jpg`."""
    edition, number = path.strip("/").removesuffix(".jpg").split("/")
    return int(edition), int(number)


# One address under a dozen names: the fetcher asks each of them as a host of its own, which it begins by asking little.
LOOPBACKS = (
    *("127.0.0.1", "127.0.1", "127.1", "0177.0.0.1", "0177.0.1", "0177.1", "0x7f.0.0.1", "0x7f.0.1", "0x7f.1"),
    *("2130706433", "0x7f000001", "017700000001"),
)


def items(server: ImageServer, count: int, edition: int = 1) -> list[dict[str, Any]]:
    """Each chunk is from another host, so that all images in workers' hands can be asked for at once."""
    hosts = [LOOPBACKS[n // CHUNK % len(LOOPBACKS)] for n in range(count)]
    return [
        {"id": f"p/{n}", "url": f"http://{host}:{server.port}/{edition}/{n}.jpg", "attributes": {"edition": edition}}
        for n, host in enumerate(hosts)
    ]


def urls(given: list[dict[str, Any]]) -> dict[str, str]:
    """By id."""
    return {item["id"]: item["url"] for item in given}


def all_but(bad: dict[int, bytes]) -> Callable[[str], bytes | int | Answer]:
    """Answers of an image server: pictures, but these bytes under these numbers."""
    return lambda path: bad.get(place(path)[1]) or picture_at(path)
