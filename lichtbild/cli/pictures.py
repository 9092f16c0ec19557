"""Downloads the pictures of hits, scaled down, for the contact sheet."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import requests
from PIL import Image, ImageOps

from lichtbild.transports.blocking import open_session, reason

SIZE = 512
_MAX_BYTES = 20 * 2**20
_SECONDS = 15.0
_CONCURRENCY = 8


@dataclass(frozen=True)
class Fetched:
    """A picture, or the reason why there is none: `HTTP 404`, `it timed out`, `not an image` …"""

    picture: Image.Image | None
    problem: str = ""


def fetch_pictures(urls: Iterable[str]) -> list[Fetched]:
    """One result per URL; pictures are at most 512 pixels wide and high."""
    with ThreadPoolExecutor(_CONCURRENCY) as pool:
        return list(pool.map(_fetch, urls))


def open_picture(content: bytes) -> Image.Image | None:
    """Decode, apply the EXIF orientation and scale down; None if the bytes are not a picture."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.draft("RGB", (SIZE, SIZE))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    upright.thumbnail((SIZE, SIZE))
    return upright


def _fetch(url: str) -> Fetched:
    if not url.lower().startswith(("http://", "https://")):
        return Fetched(None, "no http address")
    deadline = time.monotonic() + _SECONDS
    content = bytearray()
    try:
        with open_session(url) as session, session.get(url, timeout=_SECONDS, stream=True) as response:
            if not response.ok:
                return Fetched(None, f"HTTP {response.status_code}")
            for piece in response.iter_content(64 * 1024):
                content += piece
                if len(content) > _MAX_BYTES:
                    return Fetched(None, f"more than {_MAX_BYTES >> 20} MB")
                if time.monotonic() > deadline:
                    return Fetched(None, "it timed out")
    except requests.RequestException as error:
        return Fetched(None, reason(error))
    except ValueError:
        return Fetched(None, "invalid address")
    picture = open_picture(bytes(content))
    return Fetched(picture, "" if picture else "not an image")
