"""`/v1/jobs`: a job's progress, its failed items, and its control."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import chain
from typing import Annotated

from flask import Response, request
from pydantic import AfterValidator, Field

from api.http import examples, links, request_id
from api.http.operations import SUBMITTED, Answer, Reply, Routes
from api.http.parameters import JobName, Notifying, Parameters, Retryable, WaitSeconds, WholeNumber, cursor_of
from api.http.views import failed_item
from api.intake.callbacks import GivenCallback
from api.routes.accepted import accepted, stage_items
from api.routes.address import api_url
from api.routes.callback import accepted_callback
from api.services import services
from shared.domain.answer_json import to_json
from shared.domain.items import Item
from shared.domain.job import Job, Kind, Status
from shared.domain.job_view import job_view
from shared.domain.results import FailurePage, JobPage, JobView
from shared.errors import ConflictError, Fault, InvalidRequestError, NotFoundError, UnavailableError
from shared.ledger.ingest import FIRST_FAILURES, IngestLedger
from shared.ledger.jobs import JOB_CURSOR
from shared.uploads.spool import is_upload

routes = Routes("jobs")

_PAGE = 1000
# Empty: the first page.
_JOB_CURSOR = f"({JOB_CURSOR})?"
_FAILURE_CURSOR = "[0-9]{1,9}-[0-9]{1,9}"
_NDJSON = "application/x-ndjson"


class JobFilter(Parameters):
    kind: Kind = "ingest"
    """The kind of the jobs."""
    status: Status | None = None
    """Only jobs with this status."""
    limit: Annotated[WholeNumber, Field(ge=1, le=_PAGE)] = 20
    """The most jobs of a page."""
    name: JobName | None = None
    """Only jobs of this name."""
    cursor: Annotated[
        str,
        AfterValidator(cursor_of(_JOB_CURSOR)),
        Field(examples=["1772357400-5f0c1d2e3b4a59687781"], json_schema_extra={"pattern": f"^{_JOB_CURSOR}$"}),
    ] = ""
    """The `next_cursor` of an earlier page."""


class JobWait(Parameters):
    wait: WaitSeconds = 0.0


class FailureQuery(Parameters):
    limit: Annotated[WholeNumber, Field(ge=1, le=_PAGE)] = 100
    """The most items of a page."""
    cursor: Annotated[
        str, AfterValidator(cursor_of(_FAILURE_CURSOR)), Field(json_schema_extra={"pattern": f"^{_FAILURE_CURSOR}$"})
    ] = FIRST_FAILURES
    """The `next_cursor` of an earlier page."""


class RetryQuery(Notifying):
    code: Annotated[str | None, Field(examples=["http_404"])] = None
    """Retry only the items that failed with this code."""


@routes.get(
    "/v1/jobs", Answer(200, JobPage, "A page of jobs, newest first.", example=examples.JOBS, links=links.NEXT_JOBS)
)
def list_jobs(query: JobFilter) -> JobPage:
    """List the jobs of one kind, newest first."""
    jobs, following = services().jobs.page(query.kind, query.limit, query.status, query.cursor, query.name)
    return JobPage([job_view(job, api_url()) for job in jobs], following)


@routes.get(
    "/v1/jobs/<job_id>",
    Answer(200, JobView, "The job.", example=examples.FINISHED_INGEST, links=links.FOLLOW_INGEST),
    raises=[NotFoundError],
)
def get_job(job_id: str, query: JobWait) -> JobView:
    """Return a job, immediately or, with `wait`, as soon as it has ended."""
    return job_view(services().watcher.wait(job_id, query.wait), api_url())


@routes.post(
    "/v1/jobs/<job_id>/cancel",
    Answer(200, JobView, "The job.", example=examples.CANCELLED_INGEST, links=links.FOLLOW),
    raises=[NotFoundError, ConflictError],
)
def cancel_job(job_id: str) -> JobView:
    """Cancel a job. Cancelling it twice is no error."""
    return job_view(services().jobs.cancel(job_id), api_url())


@routes.post(
    "/v1/jobs/<job_id>/pause",
    Answer(200, JobView, "The job.", example=examples.PAUSED_INGEST, links=links.FOLLOW_INGEST),
    raises=[NotFoundError, ConflictError],
)
def pause_job(job_id: str) -> JobView:
    """Pause an ingest: workers claim no more of its chunks. Pausing it twice is no error."""
    return job_view(services().jobs.pause(job_id), api_url())


@routes.post(
    "/v1/jobs/<job_id>/resume",
    Answer(200, JobView, "The job.", example=examples.RUNNING_INGEST, links=links.FOLLOW_INGEST),
    raises=[NotFoundError, ConflictError],
)
def resume_job(job_id: str) -> JobView:
    """Resume a paused ingest. Resuming it twice is no error."""
    job = services().jobs.resume(job_id)
    with suppress(UnavailableError):
        services().doorbell.ring_ingest()
    return job_view(job, api_url())


@routes.post(
    "/v1/jobs/<job_id>/retry",
    Answer(202, JobView, "The new job.", headers=SUBMITTED, example=examples.RETRY, links=links.FOLLOW_INGEST),
    raises=[NotFoundError, ConflictError],
)
def retry_job(job_id: str, query: RetryQuery, headers: Retryable) -> Reply:
    """Start a new job over the items that failed, with the name and metadata of the first one."""
    parts = services()
    job = _retryable(parts.jobs.get(job_id))
    labels = replace(job.labels, request_id=request_id.current())
    given = GivenCallback(query.callback_url, query.callback_events)
    callback = accepted_callback(given)
    key, fingerprint = headers.idempotency_key, f"{job_id}:{query.code}{given.fingerprint()}"
    with parts.ingests.submission(job.collection) as staged:
        stage_items(staged, _failed_items(job, query.code))
        retry_id = staged.submit(key, fingerprint, parent=job_id, labels=labels, callback=callback)
    return accepted(staged, retry_id)


@routes.get(
    "/v1/jobs/<job_id>/errors",
    Answer(200, FailurePage, "A page of failed items.", example=examples.FAILURES, links=links.NEXT_FAILURES),
    Answer(200, None, "All failed items, one JSON object per line.", _NDJSON, example=examples.FAILURE_LINES),
    raises=[NotFoundError],
)
def list_failures(job_id: str, query: FailureQuery) -> FailurePage | Response:
    """List the items of an ingest that failed: page by page, or all of them as NDJSON."""
    ingests = services().ingests
    if request.accept_mimetypes.best == _NDJSON:
        services().jobs.get(job_id)
        return Response(_all_failures(ingests, job_id), content_type=_NDJSON)
    failures, following = ingests.failures(job_id, query.cursor, query.limit)
    return FailurePage([failed_item(failure) for failure in failures], following)


def _retryable(job: Job) -> Job:
    if job.kind != "ingest" or not job.is_final:
        raise ConflictError(f"Job {job.id} cannot be retried: only an ingest job that has ended can.")
    if job.preflight_of is not None:
        raise ConflictError(f"Job {job.id} is a preflight, which stores nothing; submit the list itself.")
    return job


def _failed_items(job: Job, code: str | None) -> Iterator[Item]:
    """The items to retry. Raises InvalidRequestError if none failed with this code, ConflictError if there are none, or
    if their bytes are not kept."""
    if code is not None and code not in job.failed_by_code:
        reason = f"No item of job {job.id} failed with {code!r}; {_codes(job)}."
        raise InvalidRequestError(reason, [Fault(reason, parameter="code")])
    items = services().ingests.failed_items(job.id, code)
    first = next(items, None)
    if first is None:
        raise ConflictError(f"No failed item of job {job.id} is kept for a retry; {_codes(job)}.")
    if is_upload(first.url):
        raise ConflictError(
            f"The failed items of job {job.id} are uploads, whose bytes are not kept: upload these images again."
        )
    return chain([first], items)


def _codes(job: Job) -> str:
    counts = ", ".join(f"{code} {count}" for code, count in job.failed_by_code.items())
    return f"failed items by code: {counts}" if counts else "no item failed"


def _all_failures(ingests: IngestLedger, job_id: str) -> Iterator[str]:
    following: str | None = FIRST_FAILURES
    while following:
        failures, following = ingests.failures(job_id, following, _PAGE)
        for failure in failures:
            yield json.dumps(to_json(failed_item(failure))) + "\n"
