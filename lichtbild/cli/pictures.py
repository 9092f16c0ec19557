"""Downloads the pictures of hits, scaled down, for the contact sheet."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import requests
from PIL import Image, ImageOps

from lichtbild.transports.blocking import open_session

SIZE = 512
_MAX_BYTES = 20 * 2**20
_SECONDS = 15.0
_CONCURRENCY = 8


def fetch_pictures(urls: Iterable[str]) -> list[Image.Image | None]:
    """One picture per URL, at most 512 pixels wide and high; None if it cannot be downloaded or decoded."""
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


def _fetch(url: str) -> Image.Image | None:
    deadline = time.monotonic() + _SECONDS
    content = bytearray()
    try:
        with open_session(url) as session, session.get(url, timeout=_SECONDS, stream=True) as response:
            response.raise_for_status()
            for piece in response.iter_content(64 * 1024):
                content += piece
                if len(content) > _MAX_BYTES or time.monotonic() > deadline:
                    return None
    except (requests.RequestException, ValueError):
        return None
    return open_picture(bytes(content))
