"""`POST /v1/search`: queue queries for the search workers; respond immediately, or wait for their hits."""

from collections.abc import Sequence

from flask import request

from api.http import examples, links
from api.http.operations import POLLING, Answer, Body, Form, Reply, Routes
from api.intake.query import SearchRequest, read_batch, read_search, refusal
from api.intake.search_body import BatchBody, SearchBody
from api.routes.awaited import Awaiting, awaited, awaited_all
from api.routes.callback import accepted_callback
from api.services import services
from shared.domain.results import JobList, JobView
from shared.errors import (
    MalformedError,
    NotFoundError,
    PayloadTooLargeError,
    SearchesFullError,
    UnsupportedTypeError,
)

routes = Routes("search")


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
def search(headers: Awaiting) -> Reply:
    """Search for photos by texts, images, stored photos, or any weighted combination."""
    asked = read_search(request, services().settings.max_image_bytes)
    [job_id] = _enqueue([asked])
    return awaited(job_id, headers.wait)


@routes.post(
    "/v1/search/batch",
    Answer(
        202,
        JobList,
        "The jobs, in the order of the searches; some are unfinished.",
        headers=("Retry-After", "Preference-Applied"),
        example=examples.QUEUED_BATCH,
        links=links.FOLLOW_BATCH,
    ),
    Answer(
        200,
        JobList,
        "The finished jobs, in the order of the searches, within the seconds of `Prefer: wait=N`.",
        headers=("Preference-Applied",),
        example=examples.FINISHED_BATCH,
    ),
    raises=[MalformedError, UnsupportedTypeError, PayloadTooLargeError, SearchesFullError],
    body=Body({"application/json": BatchBody}, "Up to 100 searches."),
)
def search_batch(headers: Awaiting) -> Reply:
    """Start several searches, each with a job of its own: all of them, or none if one is invalid."""
    asked = read_batch(request, services().settings.max_image_bytes)
    most = services().settings.max_waiting_searches
    if len(asked) > most:
        raise refusal(f"a batch has at most {most} searches here (LICHTBILD_MAX_WAITING_SEARCHES)", "/searches")
    return awaited_all(_enqueue(asked), headers.wait)


def _enqueue(asked: Sequence[SearchRequest]) -> list[str]:
    """Queue all searches and return the ids of their jobs. Raises SearchesFullError before any is queued."""
    parts = services()
    for one in asked:
        _check_after_job(one)
    callbacks = [accepted_callback(one.callback) for one in asked]
    enqueued = [
        parts.searches.enqueue(
            one.query, one.images, one.timeout_ms, one.labels, callback=callback, room=0 if n else len(asked)
        )
        for n, (one, callback) in enumerate(zip(asked, callbacks, strict=True))
    ]
    if any(one.must_ring for one in enqueued):
        parts.doorbell.ring_search()
    return [one.job_id for one in enqueued]


def _check_after_job(asked: SearchRequest) -> None:
    """Reject an `after_job` that cannot make this collection's photos searchable."""
    after_job, place = asked.query.after_job, f"{asked.place}/after_job"
    if after_job is None:
        return
    try:
        job = services().jobs.get(after_job)
    except NotFoundError as error:
        raise refusal(str(error).removesuffix("."), place) from None
    if job.kind in ("search", "embed"):
        raise refusal("the job is a search; it must be an ingest or a deletion", place)
    if job.collection != asked.query.collection:
        raise refusal(f"the job belongs to collection {job.collection!r}", place)
