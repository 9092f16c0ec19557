"""What AsyncClient has beyond Client: concurrency, async iterables, cancellation; and that it has all the rest."""

import asyncio
import gzip
import inspect
import json
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from lichtbild import AsyncClient, Client, InvalidItem, OutcomeUnknown
from tests.lichtbild.fake_api import FakeApi, Reply, ingest_job, search_job

PUBLIC = sorted(name for name in dir(Client) if not name.startswith("_"))
ITERATED = {"events", "iter_errors", "iter_jobs"}


def test_both_clients_have_the_same_methods() -> None:
    assert sorted(name for name in dir(AsyncClient) if not name.startswith("_")) == PUBLIC


@pytest.mark.parametrize("name", ["__init__", *PUBLIC])
def test_both_clients_have_the_same_parameters(name: str) -> None:
    def form(kind: type) -> list[tuple[str, object, object]]:
        return [(p.name, p.kind, p.default) for p in inspect.signature(getattr(kind, name)).parameters.values()]

    assert form(AsyncClient) == form(Client)
    awaited = inspect.iscoroutinefunction(getattr(AsyncClient, name))
    assert awaited == (name not in ITERATED | {"__init__", "from_env"})


def test_many_calls_run_at_the_same_time(api: FakeApi) -> None:
    answered = threading.Event()
    for number in range(20):
        api.on("GET", f"/v1/jobs/j{number}", Reply(ingest_job(job_id=f"j{number}"), after=answered))

    async def main() -> list[str]:
        async with AsyncClient(api.url) as client:
            reading = asyncio.gather(*(client.job(f"j{number}") for number in range(20)))
            while len(api.seen) < 20:  # noqa: ASYNC110 - a thread appends to it
                await asyncio.sleep(0.01)
            answered.set()
            return [job.id for job in await reading]

    assert asyncio.run(main()) == [f"j{number}" for number in range(20)]


def test_an_async_iterable_is_ingested_while_it_is_produced(api: FakeApi) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    log: list[str] = []

    async def items() -> AsyncIterator[tuple[str, str]]:
        for name in ("a", "b"):
            await asyncio.sleep(0)
            log.append(name)
            yield name, "http://x"

    async def main() -> None:
        async with AsyncClient(api.url) as client:
            await client.ingest(items(), progress=lambda count: log.append(str(count)))

    asyncio.run(main())
    sent = [json.loads(line) for line in gzip.decompress(api.seen[0].body).splitlines()]
    assert [item["photo_id"] for item in sent] == ["a", "b"]
    assert log == ["a", "1", "b", "2"]


def test_pictures_may_come_from_an_async_iterable(api: FakeApi, tmp_path: Path) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    (tmp_path / "b.jpg").write_bytes(b"two")

    async def pictures() -> AsyncIterator[tuple[str, bytes | Path]]:
        yield "a", b"one"
        yield "b", tmp_path / "b.jpg"

    async def main() -> int:
        async with AsyncClient(api.url) as client:
            return len(await client.upload(pictures()))

    assert asyncio.run(main()) == 1
    assert b"\r\n\r\none\r\n" in api.seen[0].body
    assert b"\r\n\r\ntwo\r\n" in api.seen[0].body


def test_an_error_of_an_async_source_reaches_the_caller_and_a_broken_line_is_an_unknown_outcome(api: FakeApi) -> None:
    api.on("POST", "/v1/ingest", Reply(reset=True))

    async def items(fault: Exception | None) -> AsyncIterator[str]:
        yield "http://x/a"
        if fault:
            raise fault

    async def main() -> None:
        async with AsyncClient(api.url) as client:
            with pytest.raises(OSError, match="the disk"):
                await client.ingest(items(OSError("the disk")))
            with pytest.raises(OutcomeUnknown):
                await client.ingest(items(None))

    asyncio.run(main())


def test_the_blocking_client_refuses_an_async_iterable(api: FakeApi, client: Client) -> None:
    async def items() -> AsyncIterator[str]:
        yield "http://x/a"

    with Client(api.url) as blocking, pytest.raises(InvalidItem, match="AsyncClient"):
        blocking.ingest(items())
    with Client(api.url) as blocking, pytest.raises(InvalidItem, match="AsyncClient"):
        blocking.upload(items())


def test_the_loop_runs_while_a_plain_generator_blocks(api: FakeApi) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))
    api.on("POST", "/v1/search", Reply(search_job()))
    searched = threading.Event()

    def items() -> Iterator[str]:
        assert searched.wait(30), "the loop was blocked"
        yield "http://x/a"

    async def main() -> None:
        async with AsyncClient(api.url) as client:
            ingesting = asyncio.create_task(client.ingest(items()))
            await client.search("x")
            searched.set()
            await ingesting

    asyncio.run(main())


def test_a_cancelled_wait_ends_immediately_and_the_client_stays_usable(api: FakeApi) -> None:
    never = threading.Event()
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job("running", pending=1)))
    api.on("GET", "/v1/jobs/j1/events", Reply(after=never))
    api.on("GET", "/v1/jobs/j2", Reply(ingest_job(job_id="j2")))

    async def main() -> str:
        async with AsyncClient(api.url) as client:
            waiting = asyncio.create_task(client.wait("j1"))
            while len(api.seen) < 2:  # noqa: ASYNC110 - a thread appends to it
                await asyncio.sleep(0.01)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            return (await client.job("j2")).id

    assert asyncio.run(main()) == "j2"
    never.set()


def test_without_its_packages_it_names_what_to_install() -> None:
    code = "import sys; sys.modules['httpx2'] = None; from lichtbild import *; Client('http://x'); AsyncClient()"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("AsyncClient needs httpx2: pip install 'lichtbild[async]'")
