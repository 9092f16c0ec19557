"""`POST /v1/search`: queue a query for a search worker; respond immediately, or wait for its hits."""

from flask import request

from api.http import examples, links
from api.http.operations import POLLING, Answer, Body, Form, Reply, Routes
from api.http.parameters import Parameters, PreferredWait
from api.intake.query import read_search
from api.intake.search_body import SearchBody
from api.routes.address import api_url, job_url
from api.routes.callback import accepted_callback
from api.services import services
from shared.domain.job_view import job_view
from shared.domain.queries import Query
from shared.domain.results import JobView
from shared.errors import (
    InvalidRequestError,
    MalformedError,
    NotFoundError,
    PayloadTooLargeError,
    SearchesFullError,
    UnsupportedTypeError,
)

routes = Routes("search")


class SearchHeaders(Parameters):
    wait: PreferredWait = None


@routes.post(
    "/v1/search",
    Answer(
        202,
        JobView,
        "The job, unfinished.",
        headers=(*POLLING, "Preference-Applied"),
        example=examples.QUEUED_SEARCH,
        links=links.FOLLOW,
    ),
    Answer(
        200,
        JobView,
        "The finished job, within the seconds of `Prefer: wait=N`.",
        headers=("Location", "Preference-Applied"),
        example=examples.FINISHED_SEARCH,
        links=links.NEAREST_PHOTO,
    ),
    raises=[MalformedError, UnsupportedTypeError, PayloadTooLargeError, SearchesFullError],
    body=Body(
        {"application/json": SearchBody, "multipart/form-data": Form(SearchBody, "image")},
        "The query. In a form, `image` is a file part, and all fields but texts are JSON.",
    ),
)
def search(headers: SearchHeaders) -> Reply:
    """Search for photos by texts, images, stored photos, or any weighted combination."""
    parts = services()
    asked = read_search(request, parts.settings.max_image_bytes)
    _check_after_job(asked.query)
    callback = accepted_callback(asked.callback)
    enqueued = parts.searches.enqueue(asked.query, asked.images, asked.timeout_ms, asked.labels, callback)
    if enqueued.must_ring:
        parts.doorbell.ring_search()
    return _reply(enqueued.job_id, headers.wait)


def _reply(job_id: str, wait: int | None) -> Reply:
    job = services().watcher.wait(job_id, wait or 0)
    headers = {"Location": job_url(job_id)}
    if wait is not None:
        headers["Preference-Applied"] = f"wait={wait}"
    if job.is_final:
        return Reply(job_view(job, api_url()), 200, headers)
    return Reply(job_view(job, api_url()), 202, {**headers, "Retry-After": "1"})


def _check_after_job(query: Query) -> None:
    """Reject an `after_job` that cannot make this collection's photos searchable."""
    if query.after_job is None:
        return
    try:
        job = services().jobs.get(query.after_job)
    except NotFoundError as error:
        raise InvalidRequestError(f"after_job: {error}") from None
    if job.kind == "search":
        raise InvalidRequestError("after_job: the job is a search; it must be an ingest or a deletion.")
    if job.collection != query.collection:
        raise InvalidRequestError(f"after_job: the job belongs to collection {job.collection!r}.")
