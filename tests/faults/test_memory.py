"""The API does not hold a long list in memory, and Redis holds it compressed."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import requests

from benchmarks.ledger_memory import used
from benchmarks.manifests import chunked, tagged, wide
from shared.domain.items import Item
from tests.faults.sizes import SIZES
from tests.faults.transcript import Story
from tests.stack import Lichtbild, running

MB = 1_000_000
# The API may grow by 60 MB for a million items, mostly for its table of seen ids, which doubles as it fills. The rest
# are one request's buffers, independent of its length.
API_BYTES, API_PER_REQUEST = 45, 15 * MB
# Redis may grow by 60 MB for a million items with three attributes, and by 20 MB for 100,000 with Unsplash's columns.
TAGGED_BYTES, WIDE_BYTES = 60, 200
# A job's own keys, independent of its length.
PER_JOB = 20_000


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> Iterator[Lichtbild]:
    """The API as the stack starts it, and the stores; no workers."""
    with running(tmp_path_factory.mktemp("idle"), tiny_model, {}, workers=0, search_workers=0) as stack:
        submit(stack, tagged(1000), "warm_up", lambda: None)
        yield stack


def resident(lichtbild: Lichtbild) -> int:
    """Memory of the API's processes in bytes."""
    process = lichtbild.process("api")
    assert process is not None
    parent = psutil.Process(process)
    return sum(one.memory_info().rss for one in [parent, *parent.children(recursive=True)])


def submit(lichtbild: Lichtbild, items: Iterator[Item], collection: str, look: Callable[[], None]) -> str:
    """One request of NDJSON, generated while it is sent; `look` is called for every 2,000 items."""

    def body() -> Iterator[bytes]:
        for lines in chunked(items, 2_000):
            look()
            text = [json.dumps({"id": item.id, "url": item.url, "attributes": item.attributes}) for item in lines]
            yield "\n".join([*text, ""]).encode()

    answer = requests.post(
        f"{lichtbild.api}/v1/ingest?collection={collection}",
        data=body(),
        headers={"Content-Type": "application/x-ndjson"},
        timeout=SIZES.deadline,
    )
    assert answer.status_code == 202, answer.text
    look()
    return answer.json()["id"]


@pytest.mark.parametrize(
    ("items", "count", "bytes_per_item"),
    [
        pytest.param(tagged, SIZES.submitted, TAGGED_BYTES, id="three attributes"),
        pytest.param(wide, SIZES.wide, WIDE_BYTES, id="thirty columns"),
    ],
)
def test_a_long_list_takes_little_memory(
    idle: Lichtbild,
    collection: str,
    story: Story,
    items: Callable[[int], Iterator[Item]],
    count: int,
    bytes_per_item: int,
) -> None:
    small, redis_before = resident(idle), used(idle.redis)
    largest = small
    began = time.monotonic()

    def look() -> None:
        nonlocal largest
        largest = max(largest, resident(idle))

    job_id = submit(idle, items(count), collection, look)

    seconds = time.monotonic() - began
    held = used(idle.redis) - redis_before
    job = idle.look(job_id)
    story.ended(job)
    story.note(f"submitted in {seconds:.0f} s, the writing of the list included: {count / seconds:,.0f} items/s")
    story.note(f"Redis holds {held / MB:.1f} MB for it, {held / count:.0f} bytes per item")
    story.note(f"the API's processes grew by {(largest - small) / MB:.1f} MB at most, from {small / MB:.0f} MB")
    assert (job["status"], job["progress"]["pending"]) == ("queued", count)
    assert largest - small < API_BYTES * count + API_PER_REQUEST
    assert held < bytes_per_item * count + PER_JOB
    assert idle.post(f"/v1/jobs/{job_id}/cancel").ok
