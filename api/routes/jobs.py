"""`/v1/jobs`: the state of jobs, their failed items, and their control."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue

from api.http import parameters as arguments
from api.intake.staging import accept
from api.services import Services, services
from shared.domain.items import Failure
from shared.domain.job import KINDS, STATUSES
from shared.errors import ConflictError, InvalidRequestError, UnavailableError

routes = Blueprint("jobs", __name__)

_PAGE = 1000


@routes.get("/v1/jobs")
def listing() -> ResponseReturnValue:
    arguments.only({"kind", "status", "limit", "cursor"})
    kind, status = arguments.one_of("kind", KINDS) or "ingest", arguments.one_of("status", STATUSES)
    limit, cursor = arguments.whole_number("limit", 20, 1, 1000), request.args.get("cursor", "")
    jobs, following = services().jobs.page(kind, limit, status, cursor)
    return {"jobs": [job.as_json() for job in jobs], "next": following}


@routes.get("/v1/jobs/<job_id>")
def job(job_id: str) -> ResponseReturnValue:
    arguments.only({"wait"})
    return services().watcher.wait(job_id, arguments.wait_seconds()).as_json()


@routes.post("/v1/jobs/<job_id>/cancel")
def cancel(job_id: str) -> ResponseReturnValue:
    arguments.only(())
    return services().jobs.cancel(job_id).as_json()


@routes.post("/v1/jobs/<job_id>/pause")
def pause(job_id: str) -> ResponseReturnValue:
    arguments.only(())
    return services().jobs.pause(job_id).as_json()


@routes.post("/v1/jobs/<job_id>/resume")
def resume(job_id: str) -> ResponseReturnValue:
    arguments.only(())
    parts = services()
    job = parts.jobs.resume(job_id).as_json()
    with suppress(UnavailableError):
        parts.doorbell.ring_ingest()
    return job


@routes.post("/v1/jobs/<job_id>/retry")
def retry(job_id: str) -> ResponseReturnValue:
    arguments.only({"code"})
    parts, code = services(), request.args.get("code")
    job = parts.jobs.get(job_id)
    if job.kind != "ingest" or not job.is_final:
        raise ConflictError(f"Job {job_id} cannot be retried: only an ingest job that has ended can.")
    if job.preflight_of is not None:
        raise ConflictError(f"Job {job_id} is a preflight, which stores nothing; submit the list itself.")
    submission, key = parts.ingests.submission(job.collection), arguments.idempotency_key()
    failed = parts.ingests.failed_items(job_id, code)
    return accept(parts, submission, failed, lambda: submission.submit(key, f"{job_id}:{code}", parent=job_id))


@routes.get("/v1/jobs/<job_id>/errors")
def errors(job_id: str) -> ResponseReturnValue:
    arguments.only({"cursor", "limit"})
    parts = services()
    if request.accept_mimetypes.best == "application/x-ndjson":
        parts.jobs.get(job_id)
        return Response(_all_failures(parts, job_id), content_type="application/x-ndjson")
    cursor = request.args.get("cursor", "0-0")
    if not re.fullmatch(r"\d{1,9}-\d{1,9}", cursor):
        raise InvalidRequestError("`cursor` must be the `next` of an earlier page.")
    failures, following = parts.ingests.failures(job_id, cursor, arguments.whole_number("limit", 100, 1, _PAGE))
    return {"items": [_failure(failure) for failure in failures], "next": following}


def _all_failures(parts: Services, job_id: str) -> Iterator[str]:
    cursor: str | None = "0-0"
    while cursor:
        failures, cursor = parts.ingests.failures(job_id, cursor, _PAGE)
        for failure in failures:
            yield json.dumps(_failure(failure)) + "\n"


def _failure(failure: Failure) -> dict[str, Any]:
    return {
        "id": failure.item.id,
        "url": failure.item.url,
        "host": failure.item.host,
        "code": failure.code,
        "detail": failure.detail,
        "attempts": failure.attempts,
    }
