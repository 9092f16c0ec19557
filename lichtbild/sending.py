"""One list on its way to the API: sent as it is read, and sent again, under the same key, where that can be done."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from lichtbild.errors import OutcomeUnknown, Unreachable
from lichtbild.manifest import Manifest
from lichtbild.transport import NoAnswer, PassingError, Transport, pauses


def send(http: Transport, manifest: Manifest, params: Mapping[str, Any]) -> Any:
    """Return the job that the API made of it: one, however often it had to be sent.

    Only what can be read again is sent again, for as long as the patience lasts; it does not count how long an attempt
    took while it got on, since a long list takes its time. Raises Unreachable, ApiError, OutcomeUnknown, and what
    reading the source raises.
    """
    headers = {"Content-Type": manifest.media_type, "Idempotency-Key": f'"{uuid.uuid4()}"'}
    if manifest.gzipped:
        headers["Content-Encoding"] = "gzip"
    patience, waits, may_be_accepted = http.patience, pauses(), False
    while True:
        body = _Watched(manifest.pieces())
        try:
            return http.upload("/v1/ingest", body, params=params, headers=headers)
        except (Unreachable, PassingError) as error:
            if body.fault is not None:
                raise body.fault from None
            may_be_accepted |= body.is_sent and isinstance(error, Unreachable)
            wait = max(next(waits), error.retry_after) if isinstance(error, (NoAnswer, PassingError)) else patience
            patience -= time.monotonic() - body.moved_at + wait
            if not manifest.can_repeat or patience <= 0:
                if may_be_accepted:
                    raise _unknown(error) from error
                raise
        time.sleep(wait)


def _unknown(error: Exception) -> OutcomeUnknown:
    return OutcomeUnknown(f"{error} The job may have been accepted: look at the newest jobs (lichtbild jobs).")


class _Watched:
    """Passes pieces on; remembers when the last one was taken, whether all were, and whether their source failed."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self.moved_at = time.monotonic()
        self.is_sent = False
        self.fault: Exception | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._pieces:
                self.moved_at = time.monotonic()
                yield piece
        except Exception as error:
            self.fault = error
            raise
        self.moved_at = time.monotonic()
        self.is_sent = True
