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

# Four events per second are enough for a person and do not flood a slow connection.
_SECONDS_BETWEEN = 0.25
# Interval of comments, which keep proxies from closing an idle stream and detect clients that have disconnected.
_KEEP_ALIVE_SECONDS = 15.0


@routes.get("/v1/jobs/<job_id>/events")
def events(job_id: str) -> ResponseReturnValue:
    arguments.only(())
    parts = services()
    job = parts.jobs.get(job_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Response(_stream(parts.watcher, job), content_type="text/event-stream", headers=headers)


def _stream(watcher: Watcher, job: Job) -> Iterator[str]:
    """`progress` immediately and after each change, then `done` with the final state."""
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
        # The job ended and expired meanwhile: the client gets 404 when it reconnects.
        return


def _looks(job: Job) -> tuple[str, int, int, int]:
    """The fields whose change is an event. Rates change with every read and are not included."""
    return job.status, job.stored, job.failed, job.unchanged


def _event(name: str, job: Job) -> str:
    return f"event: {name}\ndata: {json.dumps(job.as_json())}\n\n"
