"""`GET /v1/jobs/{id}/events`: a job's progress as Server-Sent Events."""

import json
from collections.abc import Iterator

from flask import Response

from api.http import examples
from api.http.operations import Answer, Routes
from api.routes.address import api_url
from api.services import services
from shared.domain.answer_json import to_json
from shared.domain.job import Job
from shared.domain.job_view import job_view
from shared.errors import NotFoundError
from shared.ledger.watcher import Watcher

routes = Routes("events")

# At most four events a second: people see no more, and a fast job does not flood a slow connection.
_MIN_INTERVAL_SECONDS = 0.25
# A comment at this interval keeps proxies from closing a quiet stream, and detects clients that have gone.
_KEEP_ALIVE_SECONDS = 15.0
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@routes.get(
    "/v1/jobs/<job_id>/events",
    Answer(
        200,
        None,
        "`progress` now and at each change, `done` at the end; each with the job.",
        "text/event-stream",
        example=examples.EVENTS,
    ),
    raises=[NotFoundError],
)
def stream_events(job_id: str) -> Response:
    """Stream the job as Server-Sent Events until it ends."""
    job = services().jobs.get(job_id)
    return Response(_stream(services().watcher, job, api_url()), content_type="text/event-stream", headers=_HEADERS)


def _stream(watcher: Watcher, job: Job, api: str) -> Iterator[str]:
    """`progress` now and after each change of the job, `done` at its end."""
    try:
        while not job.is_final:
            yield _event("progress", job, api)
            shown = job
            watcher.wait(job.id, _MIN_INTERVAL_SECONDS)
            while _state(job) == _state(shown):
                job = watcher.wait(job.id, _KEEP_ALIVE_SECONDS, until=lambda now: _state(now) != _state(shown))  # noqa: B023
                if _state(job) == _state(shown):
                    yield ": keep-alive\n\n"
        yield _event("done", job, api)
    except NotFoundError:
        # The job ended and its retention passed meanwhile. A client that reconnects gets 404.
        return


def _state(job: Job) -> tuple[str, int, int, int, int]:
    """The fields whose change is worth an event. Rates, which differ at every reading, are excluded."""
    return job.status, job.stored, job.failed, job.unchanged, job.under_way


def _event(name: str, job: Job, api: str) -> str:
    return f"event: {name}\ndata: {json.dumps(to_json(job_view(job, api)))}\n\n"
