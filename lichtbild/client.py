"""The Python client: ingest, search, jobs, photos and collections.

with Client() as lichtbild:
    job = lichtbild.wait(lichtbild.ingest([("a", "https://example.org/a.jpg")]).id)
    hits = lichtbild.search("a man standing on the beach").hits
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Self

from lichtbild import manifest
from lichtbild.errors import JobFailed, Unreachable
from lichtbild.events import JobEvent
from lichtbild.job_waits import LONGEST_POLL, JobFollower
from lichtbild.manifest import Item, Manifest
from lichtbild.models import Collection, FailedItem, Job, Kind, Photo, Readiness, SearchResult, Status
from lichtbild.query import search_body
from lichtbild.sending import send, send_window
from lichtbild.table_rows import Table
from lichtbild.transport import Transport, segment
from lichtbild.uploads import Upload, Window, pictures_of, windows

DEFAULT_API = "http://127.0.0.1:8700"
DEFAULT_COLLECTION = "photos"
# The API answers within this time; a longer deletion becomes a job.
_DELETION_WAIT = 10.0


class Client:
    """A client of one API; thread-safe. Address and key default to LICHTBILD_API and LICHTBILD_API_KEY.

    `timeout` is the longest silence of the API, `patience` how long a call that is safe to repeat is retried while the
    API is unreachable or busy; both in seconds. Raises ValueError if the address is not an http or https URL.

    Every method raises Unreachable if the API does not answer, and ApiError if it refuses the request.
    """

    def __init__(
        self, api: str | None = None, api_key: str | None = None, timeout: float = 30.0, patience: float = 30.0
    ) -> None:
        self.api = (api or os.environ.get("LICHTBILD_API") or DEFAULT_API).rstrip("/")
        self._http = Transport(self.api, api_key or os.environ.get("LICHTBILD_API_KEY"), timeout, patience)
        self._follower = JobFollower(self._http)

    @classmethod
    def from_env(cls) -> Self:
        """A client of LICHTBILD_API with LICHTBILD_API_KEY. Raises ValueError if LICHTBILD_API is not set."""
        if not os.environ.get("LICHTBILD_API"):
            raise ValueError(f"LICHTBILD_API is not set: give the API's address, such as {DEFAULT_API}.")
        return cls()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.api!r})"

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ingest(
        self,
        items: Iterable[Item] | Table,
        collection: str = DEFAULT_COLLECTION,
        *,
        max_failed_ratio: float | None = None,
        preflight: int | None = None,
        on_sent: Callable[[int], None] | None = None,
    ) -> Job:
        """Start a job over `{"photo_id", "url", "attributes"}` or `(photo_id, url[, attributes])`, sent while they are
        produced.

        `items` may be a pandas, polars or pyarrow table or a Hugging Face dataset with columns `photo_id` and `url`;
        others become attributes. `on_sent` gets the number of items sent so far.

        With `max_failed_ratio` the job pauses itself once more than that share has failed. With `preflight` only that
        many items, chosen at random, are tried: nothing is stored, and the job's `report` has estimates for the list.

        A list is sent again if the connection breaks or the API is busy, and makes one job however often it is sent.
        A generator can be read only once: OutcomeUnknown is raised if the connection breaks after its last item.
        Also raises InvalidItem, which names the item that cannot be sent.
        """
        return self._ingest(manifest.from_items(items, on_sent), collection, max_failed_ratio, preflight)

    def ingest_file(
        self,
        path: str | Path,
        collection: str = DEFAULT_COLLECTION,
        limit: int | None = None,
        *,
        max_failed_ratio: float | None = None,
        preflight: int | None = None,
    ) -> Job:
        """Like `ingest`, from a `.tsv`, `.csv` or `.ndjson` file (also `.gz`) or the zip of Unsplash's dataset; at most
        `limit` rows.

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
        """Like `ingest`, from a binary stream of NDJSON, which is read once; at most `limit` lines."""
        return self._ingest(manifest.from_stream(stream, limit), collection, max_failed_ratio, preflight)

    def upload(self, pictures: Iterable[Upload], collection: str = DEFAULT_COLLECTION) -> list[Job]:
        """Upload pictures: paths, which are also the ids, or `(id, bytes)` or `(id, path)`; return their jobs.

        They are sent in windows of at most 64 pictures and 32 MB, one job each. Jobs accepted before an error continue.
        Also raises OSError, and InvalidItem for anything else than a picture.
        """
        return [self.upload_window(window, collection) for window in windows(pictures_of(pictures))]

    def upload_window(self, window: Window, collection: str = DEFAULT_COLLECTION) -> Job:
        """Upload the pictures of one window as one job; repeating it makes no second job. Also raises OSError."""
        return Job.from_json(send_window(self._http, window, {"collection": collection}))

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
        """Return the photos nearest to the query: the mean of the given text, image, stored photo and `terms`.

        `image` is a URL, a path, or an image's bytes. `terms` are further terms with a weight, which may be negative:
        `{"text": "people", "weight": -0.5}`. `filter` is a condition on attributes: `{"width": {"gte": 2000}}`.
        `group_distance` folds near-duplicates into the best of them. `exact` scans all vectors even if there is an
        index. With `after_job` the search starts once that ingest or deletion has ended.

        Also raises JobFailed, StillRunning after `timeout` seconds, and OSError if the image file cannot be read.
        """
        body = search_body(
            text,
            image,
            photo_id,
            terms,
            timeout,
            top_k=top_k,
            offset=offset or None,
            filter=filter,
            max_distance=max_distance,
            group_distance=group_distance,
            exact=exact or None,
            include=["embedding"] if embedding else None,
            after_job=after_job,
            collection=collection,
        )
        deadline = time.monotonic() + timeout
        wait = max(0, min(int(LONGEST_POLL), int(timeout)))
        # A search changes nothing, so it may be sent again.
        prefer = {"Prefer": f"wait={wait}"}
        answer = self._http.call("POST", "/v1/search", json=body, headers=prefer, wait=wait, deadline=deadline)
        job = self._follower.poll(Job.from_json(answer, self.api), deadline, timeout)
        if job.result is None:
            raise JobFailed(job)
        return job.result

    def job(self, job_id: str, wait: float = 0.0) -> Job:
        """Return the job as soon as it has ended, or its state after `wait` seconds (30 at most)."""
        return self._follower.read(job_id, wait)

    def events(self, job_id: str) -> Iterator[JobEvent]:
        """The job's Server-Sent Events: `progress` now and at each change, `done` at the end.

        A broken stream is opened again with backoff, and then repeats the present state.
        """
        return self._follower.events(job_id)

    def wait(self, job_id: str, timeout: float | None = None, on_progress: Callable[[Job], None] | None = None) -> Job:
        """Return the job once it has succeeded; until then `on_progress` gets its state when it changes, at most four
        times a second, or about twice a second if a proxy breaks the stream of events.

        Also raises JobFailed if it failed or was cancelled, JobPaused if it paused itself, and StillRunning after
        `timeout` seconds. A job that a user paused is waited for, since it can be resumed.
        """
        seconds = float("inf") if timeout is None else timeout
        deadline = time.monotonic() + seconds
        job = self._follower.wait(job_id, deadline, seconds, on_progress)
        if job.status != "succeeded":
            raise JobFailed(job)
        return job

    def jobs(self, kind: Kind = "ingest", limit: int = 20, status: Status | None = None) -> list[Job]:
        """The newest jobs of a kind, optionally only those with a status, newest first; `limit` is at most 1000."""
        answer = self._http.call("GET", "/v1/jobs", params={"kind": kind, "limit": limit, "status": status})
        return [Job.from_json(job, self.api) for job in answer["jobs"]]

    def iter_jobs(self, kind: Kind = "ingest", status: Status | None = None) -> Iterator[Job]:
        """All jobs of a kind, optionally only those with a status, newest first, read page by page."""
        for page in self._http.pages("/v1/jobs", kind=kind, status=status):
            yield from (Job.from_json(job, self.api) for job in page["jobs"])

    def iter_errors(self, job_id: str) -> Iterator[FailedItem]:
        """The items of an ingest that have failed so far, read page by page."""
        for page in self._http.pages(f"/v1/jobs/{segment(job_id)}/errors"):
            yield from (FailedItem.from_json(item) for item in page["items"])

    def cancel(self, job_id: str) -> Job:
        """Cancel a job; stored items stay. May be repeated; ApiError (409) if the job has ended otherwise."""
        return Job.from_json(self._http.call("POST", f"/v1/jobs/{segment(job_id)}/cancel"))

    def pause(self, job_id: str) -> Job:
        """Pause an ingest: workers finish the chunks that they hold and claim no more. May be repeated."""
        return Job.from_json(self._http.call("POST", f"/v1/jobs/{segment(job_id)}/pause"))

    def resume(self, job_id: str) -> Job:
        """Resume a paused ingest; failures so far do not pause it again. May be repeated."""
        return Job.from_json(self._http.call("POST", f"/v1/jobs/{segment(job_id)}/resume"))

    def retry(self, job_id: str, code: str | None = None) -> Job:
        """Start a new job over the failed items of an ended job, or over those that failed with `code`."""
        headers = {"Idempotency-Key": f'"{uuid.uuid4()}"'}
        path = f"/v1/jobs/{segment(job_id)}/retry"
        return Job.from_json(self._http.call("POST", path, params={"code": code or None}, headers=headers))

    def photo(self, photo_id: str, collection: str = DEFAULT_COLLECTION, *, embedding: bool = False) -> Photo:
        """The stored photo with this id, on request with its embedding."""
        params = {"collection": collection, "include": "embedding" if embedding else None}
        return Photo.from_json(self._http.call("GET", f"/v1/photos/{segment(photo_id)}", params=params), self.api)

    def random_photo(self, collection: str = DEFAULT_COLLECTION) -> Photo:
        """A random stored photo."""
        answer = self._http.call("GET", "/v1/photos/random", params={"collection": collection})
        return Photo.from_json(answer, self.api)

    def delete_photo(self, photo_id: str, collection: str = DEFAULT_COLLECTION, timeout: float | None = None) -> None:
        """Delete a photo; return once no search finds it and no earlier submission can restore it.

        An unknown id is no error, an unknown collection is (ApiError). Also raises JobFailed, and StillRunning after
        `timeout` seconds.
        """
        deadline = time.monotonic() + (float("inf") if timeout is None else timeout)
        answer = self._http.call(
            "DELETE", f"/v1/photos/{segment(photo_id)}", params={"collection": collection}, wait=_DELETION_WAIT
        )
        if answer is not None:
            self.wait(answer["id"], None if timeout is None else max(0.0, deadline - time.monotonic()))

    def collection(self, name: str = DEFAULT_COLLECTION) -> Collection:
        """The collection with this name."""
        return Collection.from_json(self._http.call("GET", f"/v1/collections/{segment(name)}"))

    def collections(self) -> list[Collection]:
        """All collections."""
        return [Collection.from_json(found) for found in self._http.call("GET", "/v1/collections")["collections"]]

    def build_index(self, collection: str = DEFAULT_COLLECTION) -> Job:
        """Start building the collection's vector index, or extending it to newer photos; returns the job."""
        return Job.from_json(self._http.call("POST", f"/v1/collections/{segment(collection)}/index"))

    def drop_index(self, collection: str = DEFAULT_COLLECTION) -> Job:
        """Start dropping the collection's vector index, which is then built only on request; returns the job."""
        return Job.from_json(self._http.call("DELETE", f"/v1/collections/{segment(collection)}/index"))

    def health(self) -> None:
        """Return if Lichtbild's API answers, without retries. Raises Unreachable otherwise."""
        _, answer = self._http.ask("/healthz")
        if not isinstance(answer, dict) or answer.get("status") != "alive":
            raise Unreachable(f"The server at {self.api} is not Lichtbild's API.")

    def ready(self) -> Readiness:
        """Whether jobs can be processed now, the live workers, and the backlog; without retries."""
        status, answer = self._http.ask("/readyz")
        return Readiness.from_json(answer, ready=status == 200)

    def _ingest(self, source: Manifest, collection: str, max_failed_ratio: float | None, preflight: int | None) -> Job:
        # The ratio as a plain decimal, never 1e-05.
        ratio = None if max_failed_ratio is None else f"{max_failed_ratio:.9f}"
        params = {"collection": collection, "max_failed_ratio": ratio, "preflight": preflight}
        return Job.from_json(send(self._http, source, params))
