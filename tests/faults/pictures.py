"""Numbered pictures, all different, and their URLs and items."""

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from PIL import Image

from tests.image_server import Answer, ImageServer
from tests.stack import CHUNK


def picture(number: int, edition: int = 1) -> bytes:
    """Sixteen coloured fields: the vectors of any two pictures differ enough to detect a swap."""
    colours = np.random.default_rng([edition, number]).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(colours).resize((48, 40), Image.Resampling.NEAREST).save(file, "JPEG", quality=90)
    return file.getvalue()


def picture_at(url: str) -> bytes:
    """The picture of a URL of `items`, or of its path."""
    edition, number = place(urlsplit(url).path)
    return picture(number, edition)


def place(path: str) -> tuple[int, int]:
    """Edition and number of `/EDITION/NUMBER.jpg`."""
    edition, number = path.strip("/").removesuffix(".jpg").split("/")
    return int(edition), int(number)


# One server under a dozen addresses: the fetcher limits each as a separate host, with few downloads at first.
LOOPBACKS = tuple(f"127.0.0.{n}" for n in range(1, 13))


def items(server: ImageServer, count: int, edition: int = 1) -> list[dict[str, Any]]:
    """Successive chunks are on different hosts, so that all images of the claimed chunks are requested in parallel."""
    hosts = [LOOPBACKS[n // CHUNK % len(LOOPBACKS)] for n in range(count)]
    return [
        {"id": f"p/{n}", "url": f"http://{host}:{server.port}/{edition}/{n}.jpg", "attributes": {"edition": edition}}
        for n, host in enumerate(hosts)
    ]


def urls(given: list[dict[str, Any]]) -> dict[str, str]:
    """The items' URLs by id."""
    return {item["id"]: item["url"] for item in given}


def all_but(bad: dict[int, bytes]) -> Callable[[str], bytes | int | Answer]:
    """Answers of an image server: pictures, except for these numbers, which have these bytes."""
    return lambda path: bad.get(place(path)[1]) or picture_at(path)
