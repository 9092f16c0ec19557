"""The bodies of searches and embeddings."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypedDict

from lichtbild.query_image import QueryImage, image_bytes, is_url

_MAX_TIMEOUT_MS = 600_000


class Search(TypedDict, total=False):
    """One search; the fields are arguments of `Client.search`."""

    text: str | None
    image: QueryImage | None
    photo_id: str | None
    terms: Sequence[Mapping[str, Any]]
    top_k: int
    offset: int
    filter: Mapping[str, Any] | None
    max_distance: float | None
    group_distance: float | None
    exact: bool
    embedding: bool
    after_job: str | None
    collection: str
    name: str | None
    metadata: Mapping[str, Any] | None
    callback_url: str | None


def search_body(search: Search, timeout: float) -> dict[str, Any]:
    """The request without the fields that are None. `timeout` is in seconds, and the API drops the search after
    it. Raises as `image_bytes`.
    """
    fields: dict[str, Any] = {
        **search,
        **_image_term(search.get("image")),
        "terms": list(search.get("terms", ())) or None,
        "offset": search.get("offset") or None,
        "exact": search.get("exact") or None,
        "include": ["embedding"] if search.get("embedding") else None,
        "timeout_ms": _milliseconds(timeout),
    }
    fields.pop("embedding", None)
    return _without_none(fields)


def batch_body(searches: Iterable[Search], timeout: float) -> dict[str, Any]:
    """The request for several searches at once."""
    return {"searches": [search_body(search, timeout) for search in searches]}


def embedding_body(texts: Iterable[str], images: Iterable[QueryImage], timeout: float) -> dict[str, Any]:
    """The request for the vectors of texts, and then of images. Raises as `image_bytes`."""
    inputs = [{"text": text} for text in texts] + [_without_none(_image_term(image)) for image in images]
    return {"inputs": inputs, "timeout_ms": _milliseconds(timeout)}


def _image_term(image: QueryImage | None) -> dict[str, Any]:
    if image is None:
        return {"image": None}
    if isinstance(image, str) and is_url(image):
        return {"image": None, "image_url": image}
    return {"image": base64.b64encode(image_bytes(image)).decode()}


def _milliseconds(seconds: float) -> int:
    return max(1, min(_MAX_TIMEOUT_MS, round(seconds * 1000)))


def _without_none(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
