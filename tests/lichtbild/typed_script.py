# ruff: noqa: T201
"""Uses the whole public client; `mypy --strict` checks it against the installed wheel, nothing runs it."""

from collections.abc import Iterator
from typing import Any

from lichtbild import (
    ApiError,
    Client,
    Hit,
    InvalidRequest,
    Item,
    Job,
    JobEvent,
    JobFailed,
    JobPaused,
    MissingPackage,
    NotFound,
    Overloaded,
    Photo,
    SearchResult,
    StillRunning,
)


class Frame:
    """A data frame, as far as its type is known."""

    columns = ("id", "url")


def items() -> Iterator[Item]:
    """Both forms of an item."""
    yield "a", "https://example.org/a.jpg"
    yield {"id": "b", "url": "https://example.org/b.jpg", "attributes": {"width": 3}}


def show_progress(job: Job) -> None:
    """A callback of `wait`."""
    if job.progress is not None:
        print(job.progress.settled, job.progress.total)


def ingest(client: Client) -> Job:
    """Lists, generators and tables, with progress."""
    counts: list[int] = []
    client.ingest([("a", "https://example.org/a.jpg", {"place": "Sylt"})], preflight=1)
    client.ingest(Frame(), progress=counts.append)
    client.upload(["a.jpg", ("b", b"bytes")])
    job: Job = client.ingest(items(), "photos", max_failed_ratio=0.1, progress=counts.append)
    event: JobEvent
    for event in client.events(job.id):
        show_progress(event.job)
    return client.wait(job.id, timeout=60.0, on_progress=show_progress)


def search(client: Client) -> list[Hit]:
    """A result as a sequence, as data and as a file."""
    result: SearchResult = client.search("beach", top_k=3, filter={"width": {"gte": 2}}, after_job=None)
    frame: Any = result.to_pandas()
    table: Any = result.to_arrow()
    print(frame, table, result[0].distance, len(result))
    result.save("hits.png", "beach")
    photo: Photo = client.photo("a", embedding=True)
    print(photo.attributes, client.ready().backlog, client.collections()[0].index.status)
    return list(result)


def main() -> float | None:
    """Every error has its class and its fields."""
    try:
        with Client.from_env() as client:
            job = ingest(client)
            print([failed.code for failed in client.iter_errors(job.id)], search(client))
    except (NotFound, InvalidRequest, Overloaded) as error:
        print(error.code, error.detail, error.request_id)
        return error.retry_after
    except ApiError as error:
        print(error.status, error.is_temporary)
    except (JobFailed, JobPaused) as error:
        print(error.job.status, error.code)
    except (StillRunning, MissingPackage) as error:
        print(error)
    return None
