# ruff: noqa: T201
"""Uses the whole public client; `mypy --strict` checks it against the installed wheel, nothing runs it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from lichtbild import (
    ApiError,
    AsyncClient,
    Attributes,
    Client,
    ConfigError,
    Delivery,
    Embeddings,
    Fault,
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
    Search,
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
    client.ingest(["https://example.org/c.jpg"], progress="tqdm")
    job: Job = client.ingest(items(), "photos", max_failed_ratio=0.1, progress=counts.append)
    event: JobEvent
    for event in client.events(job.id):
        show_progress(event.job)
    ended: list[Job] = client.wait_all([job.id], timeout=60.0, on_progress="rich")
    print(ended[0].name, ended[0].metadata)
    delivered: list[Delivery] = [made for made in client.deliveries(job.id) if made.status == "delivered"]
    print([attempt.status_code for made in delivered for attempt in made.attempts])
    return client.wait(job.id, timeout=60.0, on_progress=show_progress)


def search(client: Client) -> list[Hit]:
    """A result as a sequence, as data and as a file."""
    result: SearchResult = client.search("beach", top_k=3, filter={"width": {"gte": 2}}, after_job=None)
    frame: Any = result.to_pandas()
    table: Any = result.to_arrow()
    print(frame, table, result[0].distance, len(result))
    result.save("hits.png", "beach")
    photo: Photo = client.photo("a", embedding=True)
    size: tuple[int | None, int | None] = (photo.width, photo.height)
    print(photo.attributes, size, photo.thumbnail, client.ready().backlog, client.collections()[0].index.status)
    queries: list[Search] = [{"text": "beach", "top_k": 3}, {"image": b"bytes", "exact": True}]
    answered: SearchResult | None = client.search_batch(queries)[0].result
    vectors: Embeddings = client.embed(["beach"], ["beach.jpg"])
    first: tuple[float, ...] | None = vectors[0].vector
    found: Attributes = client.attributes("photos", {"width": {"gte": 2}})
    print(answered, first, found.attributes[0].values)
    return list(result)


async def produced() -> AsyncIterator[Item]:
    """Items that arrive one by one."""
    yield "a", "https://example.org/a.jpg"
    yield "https://example.org/b.jpg"


async def asynchronous() -> list[Hit]:
    """The same calls, awaited."""
    async with AsyncClient(profile="work") as client:
        job: Job = await client.ingest(produced(), progress=print)
        await client.ingest([("a", "https://example.org/a.jpg")])
        event: JobEvent
        async for event in client.events(job.id):
            show_progress(event.job)
        async for failed in client.iter_errors(job.id):
            print(failed.photo_id, failed.code)
        jobs: list[Job] = [listed async for listed in client.iter_jobs()]
        await client.wait(jobs[0].id, on_progress=show_progress)
        vectors: Embeddings = await client.embed(["beach"])
        print(vectors.dimension, (await client.photo("a")).url)
        return list(await client.search("beach"))


def main() -> float | None:
    """Every error has its class and its fields."""
    try:
        with Client.from_env() as client:
            job = ingest(client)
            print([failed.code for failed in client.iter_errors(job.id)], search(client))
    except (NotFound, InvalidRequest, Overloaded) as error:
        faults: tuple[Fault, ...] = error.faults
        print(error.code, error.detail, error.request_id, [fault.pointer for fault in faults])
        return error.retry_after
    except ApiError as error:
        print(error.status, error.is_temporary)
    except (JobFailed, JobPaused) as error:
        print(error.job.status, error.code)
    except (StillRunning, MissingPackage, ConfigError) as error:
        print(error)
    return None
