"""The body of a search request."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from lichtbild.query_image import QueryImage, image_bytes, is_url

_MAX_TIMEOUT_MS = 600_000


def search_body(
    text: str | None,
    image: QueryImage | None,
    photo_id: str | None,
    terms: Sequence[Mapping[str, Any]],
    timeout: float,
    **options: Any,
) -> dict[str, Any]:
    """The request without the fields that are None. `timeout` is in seconds, and the API drops the search after
    it. Raises as `image_bytes`.
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


def _image_term(image: QueryImage | None) -> dict[str, str]:
    if image is None:
        return {}
    if isinstance(image, str) and is_url(image):
        return {"image_url": image}
    return {"image": base64.b64encode(image_bytes(image)).decode()}
