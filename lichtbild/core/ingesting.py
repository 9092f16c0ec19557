"""Ingests: of lists, and of pictures that are uploaded in windows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from lichtbild.core.calls import Calls
from lichtbild.core.effects import END, Flow, Take, Work
from lichtbild.core.sending import send, send_window
from lichtbild.core.sources import Source
from lichtbild.manifest import Manifest
from lichtbild.models import Job
from lichtbild.uploads import Picture, Upload, Window, WindowCutter


@dataclass(frozen=True)
class IngestOptions:
    """Options of the job, as of `Client.ingest`."""

    collection: str
    max_failed_ratio: float | None
    preflight: int | None
    name: str | None
    metadata: Mapping[str, Any] | None
    callback_url: str | None

    def params(self) -> dict[str, Any]:
        """The query parameters of the request."""
        return {
            "collection": self.collection,
            # As a plain decimal, never 1e-05.
            "max_failed_ratio": None if self.max_failed_ratio is None else f"{self.max_failed_ratio:.9f}",
            "preflight": self.preflight,
            "name": self.name,
            "metadata": None if self.metadata is None else json.dumps(self.metadata, allow_nan=False),
            "callback_url": self.callback_url,
        }


def ingest(calls: Calls, source: Callable[[], Manifest], options: IngestOptions) -> Flow[Job]:
    """Start a job over the items of a list; `source` may read the beginning of a file."""
    manifest = yield Work(source)
    params = {**options.params(), **manifest.params}
    return Job.from_json((yield from send(calls, manifest, params)))


def upload(calls: Calls, uploads: Source[Upload], collection: str) -> Flow[list[Job]]:
    """Send pictures window by window, and return the jobs."""
    cutter, jobs = WindowCutter(), []
    while (given := (yield Take(uploads))) is not END:
        window = yield Work(partial(cutter.add, Picture.from_upload(given)))
        if window is not None:
            jobs.append((yield from upload_window(calls, window, collection)))
    last = cutter.rest()
    if last is not None:
        jobs.append((yield from upload_window(calls, last, collection)))
    return jobs


def upload_window(calls: Calls, window: Window, collection: str, name: str | None = None) -> Flow[Job]:
    """Send the pictures of one window as one job, which may have a name."""
    return Job.from_json((yield from send_window(calls, window, {"collection": collection, "name": name})))
