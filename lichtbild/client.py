"""The Python client: ingest, search, and whatever there is to ask about jobs and photos.

with Client() as lichtbild:
    job = lichtbild.wait(lichtbild.ingest([("a", "https://example.org/a.jpg")]).id)
    hits = lichtbild.search("a man standing on the beach").hits
"""

from __future__ import annotations

import base64
import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self
from urllib.parse import quote

from lichtbild import manifest
from lichtbild.errors import JobFailed, JobPaused, StillRunning, Unreachable
from lichtbild.manifest import Item, Manifest
from lichtbild.models import Collection, FailedItem, Job, Kind, Photo, Readiness, SearchResult, Status
from lichtbild.sending import send
from lichtbild.transport import Transport
from lichtbild.uploads import Picture, Upload, Window, windows

DEFAULT_API = "http://127.0.0.1:8700"
DEFAULT_COLLECTION = "photos"
_LONGEST_WAIT = 30.0
_WATCHED_WAIT = 0.5
_LONGEST_SEARCH_MS = 600_000
_PAGE = 1000
# The API answers before that, also where the deletion takes longer.
_DELETION_WAIT = 10.0
# Once all is sent, the API still makes it safe from a power cut.
_UPLOAD_WAIT = 60.0


class Client:
    """Talks to one API; threads may share it. The address and the key come from LICHTBILD_API and LICHTBILD_API_KEY
    unless given. `timeout` is how long the API may be silent, `patience` how long a call that can be repeated safely
    is tried again when the API is away or busy; both in seconds.

    Every method raises Unreachable or ApiError.
    """

    def __init__(
        self, api: str | None = None, api_key: str | None = None, timeout: float = 30.0, patience: float = 30.0
    ) -> None:
        self.api = (api or os.environ.get("LICHTBILD_API") or DEFAULT_API).rstrip("/")
        self._http = Transport(self.api, api_key or os.environ.get("LICHTBILD_API_KEY"), timeout, patience)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def ingest(
        self,
        items: Iterable[Item],
        collection: str = DEFAULT_COLLECTION,
        *,
        max_failed_ratio: float | None = None,
        preflight: int | None = None,
    ) -> Job:
        """Start a job over `{"id", "url", "attributes"}` or `(id, url[, attributes])`, sent as they are produced.

        With `max_failed_ratio` it pauses itself once more than that share failed. With `preflight` that many items,
        chosen at random, are only tried: nothing is stored, and the job's `report` says what is to be expected.

        A list is sent again if the connection breaks or the API is busy, and makes one job however often it was. What
        may be used up, such as a generator, is sent once: OutcomeUnknown says that the connection broke after the last
        item of it.
        """
        return self._ingest(manifest.from_items(items), collection, max_failed_ratio, preflight)

    def ingest_file(
        self,
        path: str | Path,
        collection: str = DEFAULT_COLLECTION,
        limit: int | None = None,
        *,
        max_failed_ratio: float | None = None,
        preflight: int | None = None,
    ) -> Job:
        """Like `ingest` of a list, from a `.tsv`, `.csv` or `.ndjson` file (also `.gz`) or the zip of Unsplash's
        dataset, at most `limit` rows of it.

        Also raises UnknownFormat, BrokenFile and OSError.
        """
        return self._ingest(manifest.from_file(Path(path), limit), collection, max_failed_ratio, preflight)

    def ingest_ndjson(
        self,
        stream: BinaryIO,
        collection: str = DEFAULT_COLLECTION,
        limit: int | None = None,
        *,
        max_failed_ratio: float | None = None,
        preflight: int | None = None,
    ) -> Job:
        """Like `ingest` of a generator, from a stream of NDJSON."""
        return self._ingest(manifest.from_stream(stream, limit), collection, max_failed_ratio, preflight)

    def upload(self, pictures: Iterable[Upload], collection: str = DEFAULT_COLLECTION) -> list[Job]:
        """Start jobs over pictures themselves: paths, which are the ids too, or `(id, bytes)` or `(id, path)`.

        They are sent in windows of at most 64 pictures and 32 MB, each a job of its own; those that were accepted
        before something went wrong go on. Also raises OSError.
        """
        return [self.upload_window(window, collection) for window in windows(map(Picture.of, pictures))]

    def upload_window(self, window: Window, collection: str = DEFAULT_COLLECTION) -> Job:
        """Start a job over the pictures of one window; may be repeated. Also raises OSError."""
        body, content_type = window.body()
        headers = {"Content-Type": content_type, "Idempotency-Key": f'"{window.key}"'}
        params = {"collection": collection}
        answer = self._http.call("POST", "/v1/ingest", data=body, params=params, headers=headers, wait=_UPLOAD_WAIT)
        return Job.from_json(answer)

    def search(
        self,
        text: str | None = None,
        image: str | Path | bytes | None = None,
        photo_id: str | None = None,
        *,
        terms: Sequence[Mapping[str, Any]] = (),
        top_k: int = 5,
        offset: int = 0,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
        max_distance: float | None = None,
        group_distance: float | None = None,
        exact: bool = False,
        embedding: bool = False,
        after_job: str | None = None,
        collection: str = DEFAULT_COLLECTION,
        timeout: float = 30.0,
    ) -> SearchResult:
        """Return what is nearest to the mean of what is given. `image` is a URL, a file, or an image's bytes; `terms`
        are further parts with a weight: `{"text": "people", "weight": -0.5}`.

        `filter` asks of attributes: `{"width": {"gte": 2000}}`. `group_distance` folds near-duplicates into the best of
        them. `exact` leaves a vector index aside. `after_job` is an ingest or a deletion that is to have ended before.

        Raises JobFailed, StillRunning after `timeout` seconds, and OSError if the file cannot be read.
        """
        given: dict[str, Any] = {
            "text": text,
            **_image_term(image),
            "photo_id": photo_id,
            "terms": list(terms) or None,
            "top_k": top_k,
            "offset": offset or None,
            "filter": filter,
            "max_distance": max_distance,
            "group_distance": group_distance,
            "exact": exact or None,
            "include": ["embedding"] if embedding else None,
            "after_job": after_job,
            # Nobody looks at what comes later.
            "timeout_ms": max(1, min(_LONGEST_SEARCH_MS, round(timeout * 1000))),
            "collection": collection,
        }
        body = {name: value for name, value in given.items() if value is not None}
        deadline = time.monotonic() + timeout
        wait = max(0, min(int(_LONGEST_WAIT), int(timeout)))
        prefer = {"Prefer": f"wait={wait}"}
        # Searching twice changes nothing, so this may be repeated.
        answer = self._http.call("POST", "/v1/search", json=body, headers=prefer, wait=wait, deadline=deadline)
        job = self._follow(Job.from_json(answer, self.api), deadline, timeout, None)
        if job.result is None:
            raise JobFailed(job)
        return job.result

    def job(self, job_id: str, wait: float = 0.0) -> Job:
        """Return the job as soon as it has ended, or as it is after `wait` seconds (30 at most)."""
        return self._job(job_id, wait, float("inf"))

    def wait(self, job_id: str, timeout: float | None = None, on_progress: Callable[[Job], None] | None = None) -> Job:
        """Return the job once it has succeeded; `on_progress` is called with it about twice a second until then.

        Raises JobFailed if it failed or was cancelled, JobPaused if it paused itself, and StillRunning after `timeout`
        seconds. One that somebody paused is waited for: somebody may resume it.
        """
        seconds = float("inf") if timeout is None else timeout
        deadline = time.monotonic() + seconds
        job = self._follow(self._job(job_id, 0.0, deadline), deadline, seconds, on_progress)
        if job.status != "succeeded":
            raise JobFailed(job)
        return job

    def jobs(self, kind: Kind = "ingest", limit: int = 20, status: Status | None = None) -> list[Job]:
        """The newest jobs of a kind, or those of them with a status, newest first; at most 1000."""
        answer = self._http.call("GET", "/v1/jobs", params={"kind": kind, "limit": limit, "status": status})
        return [Job.from_json(job, self.api) for job in answer["jobs"]]

    def iter_jobs(self, kind: Kind = "ingest", status: Status | None = None) -> Iterator[Job]:
        """All jobs of a kind, or those of them with a status, newest first, page by page."""
        for page in self._pages("/v1/jobs", kind=kind, status=status):
            yield from (Job.from_json(job, self.api) for job in page["jobs"])

    def iter_errors(self, job_id: str) -> Iterator[FailedItem]:
        """The items of an ingest job that failed so far, page by page."""
        for page in self._pages(f"/v1/jobs/{_segment(job_id)}/errors"):
            yield from (FailedItem.from_json(item) for item in page["items"])

    def cancel(self, job_id: str) -> Job:
        """Stop a job; items already stored stay. Repeating it is no error, but a job that ended otherwise is (409)."""
        return Job.from_json(self._http.call("POST", f"/v1/jobs/{_segment(job_id)}/cancel"))

    def pause(self, job_id: str) -> Job:
        """Hand out no more of an ingest's chunks; those in hand are finished. Repeating it is no error."""
        return Job.from_json(self._http.call("POST", f"/v1/jobs/{_segment(job_id)}/pause"))

    def resume(self, job_id: str) -> Job:
        """Go on with a paused ingest; what failed until now does not pause it again. Repeating it is no error."""
        return Job.from_json(self._http.call("POST", f"/v1/jobs/{_segment(job_id)}/resume"))

    def retry(self, job_id: str, code: str | None = None) -> Job:
        """Start a new job over the items of an ended one that failed, all or those with that code."""
        headers = {"Idempotency-Key": f'"{uuid.uuid4()}"'}
        params = {"code": code} if code else {}
        return Job.from_json(
            self._http.call("POST", f"/v1/jobs/{_segment(job_id)}/retry", params=params, headers=headers)
        )

    def photo(self, photo_id: str, collection: str = DEFAULT_COLLECTION, *, embedding: bool = False) -> Photo:
        """One stored photo, on request with its embedding."""
        params = {"collection": collection} | ({"include": "embedding"} if embedding else {})
        return Photo.from_json(self._http.call("GET", f"/v1/photos/{_segment(photo_id)}", params=params), self.api)

    def random_photo(self, collection: str = DEFAULT_COLLECTION) -> Photo:
        """Any one stored photo."""
        params = {"collection": collection}
        return Photo.from_json(self._http.call("GET", "/v1/photos/random", params=params), self.api)

    def delete_photo(self, photo_id: str, collection: str = DEFAULT_COLLECTION, timeout: float | None = None) -> None:
        """Return once no search finds the photo any more, and nothing that was submitted before can bring it back.
        Deleting what is not there is no error, but there must be such a collection (ApiError).

        Raises JobFailed, and StillRunning after `timeout` seconds.
        """
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        answer = self._http.call(
            "DELETE", f"/v1/photos/{_segment(photo_id)}", params={"collection": collection}, wait=_DELETION_WAIT
        )
        if answer is not None:
            self.wait(answer["id"], None if timeout is None else max(0.0, deadline - time.monotonic()))

    def collection(self, name: str = DEFAULT_COLLECTION) -> Collection:
        return Collection.from_json(self._http.call("GET", f"/v1/collections/{_segment(name)}"))

    def collections(self) -> list[Collection]:
        return [Collection.from_json(found) for found in self._http.call("GET", "/v1/collections")["collections"]]

    def build_index(self, collection: str = DEFAULT_COLLECTION) -> Job:
        """Have the collection's vector index built, or cover what came since; `wait` for the job if you like."""
        return Job.from_json(self._http.call("POST", f"/v1/collections/{_segment(collection)}/index"))

    def drop_index(self, collection: str = DEFAULT_COLLECTION) -> Job:
        """Have the collection's vector index dropped; it is not built again until somebody asks for it."""
        return Job.from_json(self._http.call("DELETE", f"/v1/collections/{_segment(collection)}/index"))

    def health(self) -> None:
        """Return if Lichtbild's API answers; asked once. Raises Unreachable otherwise."""
        _, answer = self._http.ask("/healthz")
        if not isinstance(answer, dict) or answer.get("status") != "alive":
            raise Unreachable(f"Something answers at {self.api}, but it is not Lichtbild's API.")

    def ready(self) -> Readiness:
        """Whether jobs can be done now, by whom, and how much waits; asked once."""
        status, answer = self._http.ask("/readyz")
        return Readiness.from_json(answer, ready=status == 200)

    def _ingest(self, source: Manifest, collection: str, max_failed_ratio: float | None, preflight: int | None) -> Job:
        # Not as 1e-05.
        ratio = None if max_failed_ratio is None else f"{max_failed_ratio:.9f}"
        params = {"collection": collection, "max_failed_ratio": ratio, "preflight": preflight}
        return Job.from_json(send(self._http, source, params))

    def _pages(self, path: str, **params: str | None) -> Iterator[Any]:
        cursor: str | None = None
        while True:
            page = self._http.call("GET", path, params={**params, "limit": _PAGE, "cursor": cursor})
            yield page
            cursor = page["next"]
            if not cursor:
                return

    def _job(self, job_id: str, wait: float, deadline: float) -> Job:
        path = f"/v1/jobs/{_segment(job_id)}"
        params = {"wait": f"{wait:.3f}"} if wait else {}
        answer = self._http.call("GET", path, params=params, wait=wait, deadline=deadline)
        return Job.from_json(answer, self.api)

    def _follow(self, job: Job, deadline: float, seconds: float, on_progress: Callable[[Job], None] | None) -> Job:
        longest = _LONGEST_WAIT if on_progress is None else _WATCHED_WAIT
        while True:
            if on_progress is not None:
                on_progress(job)
            if job.is_final:
                return job
            if job.paused_itself:
                raise JobPaused(job)
            asked = time.monotonic()
            if asked >= deadline:
                raise StillRunning(job.id, seconds)
            wait = min(longest, deadline - asked)
            job = self._job(job.id, wait, deadline)
            # An API that has too many waiters may answer at once: do not ask in a tight loop then.
            if not job.is_final:
                time.sleep(max(0.0, min(wait, _WATCHED_WAIT) - (time.monotonic() - asked)))


def _image_term(image: str | Path | bytes | None) -> dict[str, str]:
    if image is None:
        return {}
    if isinstance(image, str) and image.lower().startswith(("http://", "https://")):
        return {"image_url": image}
    content = image if isinstance(image, bytes) else Path(image).read_bytes()
    return {"image": base64.b64encode(content).decode()}


def _segment(value: str) -> str:
    """One percent-encoded segment of a path, also for ids that contain `/`."""
    return quote(value, safe="")
