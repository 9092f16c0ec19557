"""Streams a list to the API, and sends it again under the same idempotency key if its source can be read again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from lichtbild.errors import ApiError, OutcomeUnknown, Unreachable
from lichtbild.manifest import Manifest
from lichtbild.transport import NoAnswer, Transport, pauses
from lichtbild.uploads import Window

# After the last byte the API still syncs the pictures to disk.
_UPLOAD_WAIT = 60.0


def send(http: Transport, manifest: Manifest, params: Mapping[str, Any]) -> Any:
    """Return the API's job: one, however often the list is sent.

    A source that can be read again is sent again until the patience is used up. Time in which data moved does not
    count, since a long list takes long. Raises Unreachable, ApiError, OutcomeUnknown, and the errors of the source.
    """
    headers = {"Content-Type": manifest.media_type, "Idempotency-Key": f'"{uuid.uuid4()}"'}
    if manifest.gzipped:
        headers["Content-Encoding"] = "gzip"
    patience, waits, may_be_accepted = http.patience, pauses(), False
    while True:
        body = _WatchedBody(manifest.pieces())
        try:
            return http.upload("/v1/ingest", body, params=params, headers=headers)
        except (Unreachable, ApiError) as error:
            if isinstance(error, ApiError) and not error.is_temporary:
                raise
            if body.source_error is not None:
                raise body.source_error from None
            may_be_accepted |= body.is_sent and isinstance(error, Unreachable)
            wait = max(next(waits), error.retry_after or 0.0) if isinstance(error, (NoAnswer, ApiError)) else patience
            patience -= time.monotonic() - body.moved_at + wait
            if not manifest.can_repeat or patience <= 0:
                if may_be_accepted:
                    raise _unknown(error) from error
                raise
        http.sleep(wait)


def send_window(http: Transport, window: Window, params: Mapping[str, Any]) -> Any:
    """Upload the pictures of one window; return the API's job. Raises Unreachable, ApiError and OSError."""
    body, content_type = window.body()
    headers = {"Content-Type": content_type, "Idempotency-Key": f'"{window.key}"'}
    return http.call("POST", "/v1/ingest", data=body, params=params, headers=headers, wait=_UPLOAD_WAIT)


def _unknown(error: Exception) -> OutcomeUnknown:
    return OutcomeUnknown(f"{error} The job may have been accepted: check the newest jobs (lichtbild jobs).")


class _WatchedBody:
    """Yields a body's pieces; records when the last one was taken, whether all were, and an error of the source."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.moved_at = time.monotonic()
        self.is_sent = False
        self.source_error: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._pieces:
                self.moved_at = time.monotonic()
                yield piece
        except Exception as error:
            self.source_error = error
            raise
        self.moved_at = time.monotonic()
        self.is_sent = True
