"""Server-Sent Events of a job, parsed from the bytes of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, cast

from lichtbild.models import Job

# The API sends at least a comment every 15 seconds.
LONGEST_SILENCE = 20.0
MEDIA_TYPE = "text/event-stream"


@dataclass(frozen=True, slots=True)
class JobEvent:
    """`progress` when the job has changed, `done` once it has ended; each with the job at that time."""

    type: Literal["progress", "done"]
    job: Job


class EventParser:
    """Splits a stream into events. Pieces may be cut anywhere; `api` completes the URLs of results."""

    def __init__(self, api: str) -> None:
        self._api = api
        self._pending = bytearray()
        self._type = ""
        self._data: list[str] = []

    def feed(self, piece: bytes) -> Iterator[JobEvent]:
        """The events that this piece completes; those of unknown types are skipped. Raises ValueError if the data is no
        job."""
        self._pending += piece
        if b"\n" not in piece:
            return
        *lines, rest = self._pending.split(b"\n")
        self._pending = bytearray(rest)
        for line in lines:
            event = self._read(line.decode().removesuffix("\r"))
            if event is not None:
                yield event

    def _read(self, line: str) -> JobEvent | None:
        if not line:
            return self._complete()
        name, _, value = line.partition(":")
        if name == "event":
            self._type = value.strip()
        elif name == "data":
            self._data.append(value.removeprefix(" "))
        return None

    def _complete(self) -> JobEvent | None:
        kind, data = self._type, "\n".join(self._data)
        self._type, self._data = "", []
        if kind not in ("progress", "done"):
            return None
        try:
            job = Job.from_json(json.loads(data), self._api)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"The data of an event is no job: {error!r}.") from error
        return JobEvent(cast('Literal["progress", "done"]', kind), job)
