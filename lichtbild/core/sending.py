"""Streams a list to the API, and sends it again under the same idempotency key if its source can be read again."""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from lichtbild.core.answers import result
from lichtbild.core.calls import Calls, pauses
from lichtbild.core.effects import Flow, NoAnswer, Pause, Work
from lichtbild.core.sources import StreamedBody
from lichtbild.errors import ApiError, OutcomeUnknown, Unreachable
from lichtbild.manifest import Manifest
from lichtbild.uploads import Window

# After the last byte the API still reads buffered data, syncs pictures to disk, and makes the job visible.
_AFTER_UPLOAD = 60.0


def send(calls: Calls, manifest: Manifest, params: Mapping[str, Any]) -> Flow[Any]:
    """Return the API's job: one, however often the list is sent.

    A source that can be read again is sent again until the patience is used up. Time in which data moved does not
    count, since a long list takes long. Raises Unreachable, ApiError, OutcomeUnknown, and the errors of the source.
    """
    headers = {"Content-Type": manifest.media_type, "Idempotency-Key": f'"{uuid.uuid4()}"'}
    if manifest.gzipped:
        headers["Content-Encoding"] = "gzip"
    patience, waits, may_be_accepted = calls.patience, pauses(), False
    while True:
        body = StreamedBody(manifest.pieces())
        try:
            response = yield calls.request(
                "POST", "/v1/ingest", _AFTER_UPLOAD, params=params, headers=headers, body=body
            )
            return result(response, calls.api)
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
        yield Pause(wait)


def send_window(calls: Calls, window: Window, params: Mapping[str, Any]) -> Flow[Any]:
    """Upload the pictures of one window; return the API's job. Raises Unreachable, ApiError and OSError."""
    body, content_type = yield Work(window.body)
    headers = {"Content-Type": content_type, "Idempotency-Key": f'"{window.key}"'}
    return (yield from calls.call("POST", "/v1/ingest", wait=_AFTER_UPLOAD, body=body, params=params, headers=headers))


def _unknown(error: Exception) -> OutcomeUnknown:
    return OutcomeUnknown(f"{error} The job may have been accepted: check the newest jobs (lichtbild jobs).")
