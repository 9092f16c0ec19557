"""Ingests: of lists, and of pictures that are uploaded in windows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from lichtbild.core.calls import Calls
from lichtbild.core.effects import END, Flow, Take, Work
from lichtbild.core.sending import send, send_window
from lichtbild.core.sources import Source
from lichtbild.manifest import Manifest
from lichtbild.models import Job
from lichtbild.uploads import Picture, Upload, Window, WindowCutter


def ingest(
    calls: Calls,
    source: Callable[[], Manifest],
    collection: str,
    max_failed_ratio: float | None,
    preflight: int | None,
) -> Flow[Job]:
    """Start a job over the items of a list; `source` may read the beginning of a file."""
    manifest = yield Work(source)
    # The ratio as a plain decimal, never 1e-05.
    ratio = None if max_failed_ratio is None else f"{max_failed_ratio:.9f}"
    params = {"collection": collection, "max_failed_ratio": ratio, "preflight": preflight, **manifest.params}
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


def upload_window(calls: Calls, window: Window, collection: str) -> Flow[Job]:
    """Send the pictures of one window as one job."""
    return Job.from_json((yield from send_window(calls, window, {"collection": collection})))
