"""`GET /v1/jobs/{id}/events`: a job's progress as Server-Sent Events."""

import json
from collections.abc import Iterator

from flask import Blueprint, Response
from flask.typing import ResponseReturnValue

from api.http import parameters as arguments
from api.services import services
from shared.domain.job import Job
from shared.errors import NotFoundError
from shared.ledger.watcher import Watcher

routes = Blueprint("events", __name__)

# Four times a second is as often as a person sees, and keeps a fast job from flooding a slow line.
_SECONDS_BETWEEN = 0.25
# A comment this often keeps proxies from taking a quiet stream for a dead one, and finds clients that have gone.
_KEEP_ALIVE_SECONDS = 15.0


@routes.get("/v1/jobs/<job_id>/events")
def events(job_id: str) -> ResponseReturnValue:
    arguments.only(())
    parts = services()
    job = parts.jobs.get(job_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(_stream(parts.watcher, job), content_type="text/event-stream", headers=headers)


def _stream(watcher: Watcher, job: Job) -> Iterator[str]:
    """`progress` now and whenever the job changed, `done` with how it ended."""
    try:
        while not job.is_final:
            yield _event("progress", job)
            shown = job
            watcher.wait(job.id, _SECONDS_BETWEEN)
            while _looks(job) == _looks(shown):
                job = watcher.wait(job.id, _KEEP_ALIVE_SECONDS, until=lambda now: _looks(now) != _looks(shown))  # noqa: B023
                if _looks(job) == _looks(shown):
                    yield ": still here\n\n"
        yield _event("done", job)
    except NotFoundError:
        # It ended and was forgotten meanwhile: asked again, the client hears so.
        return


def _looks(job: Job) -> tuple[str, int, int, int]:
    """What makes one reading of a job differ from the next; rates differ at every look."""
    return job.status, job.stored, job.failed, job.unchanged


def _event(name: str, job: Job) -> str:
    return f"event: {name}\ndata: {json.dumps(job.as_json())}\n\n"
