"""The body of a search request."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_MAX_TIMEOUT_MS = 600_000


def search_body(
    text: str | None,
    image: str | Path | bytes | None,
    photo_id: str | None,
    terms: Sequence[Mapping[str, Any]],
    timeout: float,
    **options: Any,
) -> dict[str, Any]:
    """The request without the fields that are None. `image` is a URL, a path or an image's bytes; `timeout` is in
    seconds, and the API drops the search after it. Raises OSError if the image file cannot be read.
    """
    fields = {
        "text": text,
        **_image_term(image),
        "photo_id": photo_id,
        "terms": list(terms) or None,
        "timeout_ms": max(1, min(_MAX_TIMEOUT_MS, round(timeout * 1000))),
        **options,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _image_term(image: str | Path | bytes | None) -> dict[str, str]:
    if image is None:
        return {}
    if isinstance(image, str) and image.lower().startswith(("http://", "https://")):
        return {"image_url": image}
    content = image if isinstance(image, bytes) else Path(image).read_bytes()
    return {"image": base64.b64encode(content).decode()}
