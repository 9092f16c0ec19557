"""Redis memory per item, while the item is pending and after it failed.

    python -m benchmarks.ledger_memory --json build/ledger_memory.json

Starts its own Redis, submits items in chunks of the default size, and compares `used_memory` before and after.
"""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import redis

from benchmarks.manifests import chunked, plain, tagged, wide
from benchmarks.report import argument_parser, table, write_figures
from embedded.servers import running_redis
from shared.domain.items import Failure, Item, Outcome
from shared.ledger.ingest import IngestLedger
from shared.settings import Settings

Manifest = Callable[[int], Iterator[Item]]
PENDING: dict[str, Manifest] = {
    "pending, id and URL": plain,
    "pending, with three attributes": tagged,
    "pending, with Unsplash's columns": wide,
}


@dataclass(frozen=True)
class Figure:
    """Redis memory per item of one kind."""

    name: str
    items: int
    bytes_per_item: float


def main() -> None:
    parser = argument_parser("benchmarks.ledger_memory", __doc__)
    parser.add_argument("--items", type=int, default=100_000, help="items of each kind")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, running_redis(Path(folder)) as url:
        figures = measure(redis.Redis.from_url(url), Settings(redis_url=url), arguments.items)
    rows = ((figure.name, f"{figure.items:,}", f"{figure.bytes_per_item:.1f}") for figure in figures)
    print(table(["", "items", "bytes per item"], rows))
    write_figures(arguments.json, figures)


def measure(connection: "redis.Redis", settings: Settings, count: int) -> list[Figure]:
    """One figure per kind of item. Redis must be empty and without other clients."""
    ledger = IngestLedger(connection, settings)
    # Scripts and the first keys take memory once, not per item: load them before measuring.
    submit(ledger, plain(1), settings.chunk_size)
    figures = []
    for name, manifest in PENDING.items():
        before = used(connection)
        submit(ledger, manifest(count), settings.chunk_size)
        figures.append(Figure(name, count, (used(connection) - before) / count))
    connection.flushall()
    before = used(connection)
    submit(ledger, plain(count), settings.chunk_size)
    fail_all(ledger)
    figures.append(Figure("failed and kept, id and URL", count, (used(connection) - before) / count))
    return figures


def submit(ledger: IngestLedger, items: Iterator[Item], chunk_size: int) -> None:
    submission = ledger.submission("photos")
    for chunk in chunked(items, chunk_size):
        submission.stage(chunk)
    submission.submit()


def fail_all(ledger: IngestLedger) -> None:
    """Fail every pending item with a code and a reason, as in a list of dead links."""
    while claim := ledger.claim():
        failures = [Failure(item, "http_404", "The server answered 404.", 1) for item in claim.items]
        ledger.settle(claim, Outcome(0, 0, failures, 0, {}))


def used(connection: "redis.Redis") -> int:
    """Bytes allocated for Redis' data, without the allocator's free memory and the buffers of connections."""
    memory = connection.info("memory")
    return int(memory["used_memory"]) - int(memory["mem_clients_normal"])


if __name__ == "__main__":
    main()
