"""Stored photos."""

from __future__ import annotations

import time
from collections.abc import Mapping

from lichtbild.core.calls import NEVER, Calls, segment
from lichtbild.core.effects import Flow
from lichtbild.core.following import wait
from lichtbild.models import KnownPhoto, Photo

# The API answers within this time; a longer deletion becomes a job.
_DELETION_WAIT = 10.0
# The API's limit for one question.
_KNOWN = 1000


def photo(calls: Calls, photo_id: str, collection: str, embedding: bool) -> Flow[Photo]:
    """One stored photo."""
    params = {"collection": collection, "include": "embedding" if embedding else None}
    answer = yield from calls.call("GET", f"/v1/photos/{segment(photo_id)}", params=params)
    return Photo.from_json(answer, calls.api)


def known_photos(calls: Calls, hashes: Mapping[str, str], collection: str) -> Flow[list[KnownPhoto]]:
    """Those that are stored, in requests of at most 1,000."""
    found: list[KnownPhoto] = []
    asked = [{"photo_id": photo_id, "sha256": sha256} for photo_id, sha256 in hashes.items()]
    for start in range(0, len(asked), _KNOWN):
        body = {"photos": asked[start : start + _KNOWN]}
        answer = yield from calls.call("POST", "/v1/photos/known", params={"collection": collection}, json=body)
        found += map(KnownPhoto.from_json, answer["photos"])
    return found


def random_photo(calls: Calls, collection: str) -> Flow[Photo]:
    """Any stored photo."""
    answer = yield from calls.call("GET", "/v1/photos/random", params={"collection": collection})
    return Photo.from_json(answer, calls.api)


def delete_photo(calls: Calls, photo_id: str, collection: str, timeout: float | None) -> Flow[None]:
    """Delete a photo; a deletion that takes longer is waited for."""
    deadline = time.monotonic() + (NEVER if timeout is None else timeout)
    answer = yield from calls.call(
        "DELETE", f"/v1/photos/{segment(photo_id)}", params={"collection": collection}, wait=_DELETION_WAIT
    )
    if answer is not None:
        left = None if timeout is None else max(0.0, deadline - time.monotonic())
        yield from wait(calls, answer["id"], left)
