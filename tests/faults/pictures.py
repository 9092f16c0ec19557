"""Pictures by number, each unlike the others, and the URLs and items that name them."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from tests.image_server import Answer, ImageServer
from tests.stack import CHUNK


def picture(number: int, edition: int = 1) -> bytes:
    """Sixteen coloured fields: the vectors of two pictures differ by enough to notice a swap."""
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


# One address under a dozen names: the fetcher limits each as a host of its own, and begins with few downloads from it.
LOOPBACKS = (
    *("127.0.0.1", "127.0.1", "127.1", "0177.0.0.1", "0177.0.1", "0177.1", "0x7f.0.0.1", "0x7f.0.1", "0x7f.1"),
    *("2130706433", "0x7f000001", "017700000001"),
)


def items(server: ImageServer, count: int, edition: int = 1) -> list[dict[str, Any]]:
    """Each chunk is on another host, so that all images of the chunks in workers' hands can be requested at once."""
    hosts = [LOOPBACKS[n // CHUNK % len(LOOPBACKS)] for n in range(count)]
    return [
        {"id": f"p/{n}", "url": f"http://{host}:{server.port}/{edition}/{n}.jpg", "attributes": {"edition": edition}}
        for n, host in enumerate(hosts)
    ]


def urls(given: list[dict[str, Any]]) -> dict[str, str]:
    """By id."""
    return {item["id"]: item["url"] for item in given}


def all_but(bad: dict[int, bytes]) -> Callable[[str], bytes | int | Answer]:
    """Answers of an image server: pictures, except these bytes under these numbers."""
    return lambda path: bad.get(place(path)[1]) or picture_at(path)
