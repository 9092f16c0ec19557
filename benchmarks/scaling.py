"""How doorbells, ledger and catalogue scale with the number of workers, without a model or a network.

    python -m benchmarks.scaling --json build/scaling.json

Simulated ingest workers (`benchmarks/simulated_worker.py`) encode a batch of 32 images in 0.32 s: at most 100 images/s
each. Efficiency is the rate of N workers divided by N times the rate of one. The second table is the cost per item in
jobs of growing length, with two workers that do not sleep. Core-milliseconds are those of all processes, including
Redis and the catalogue.
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.bulk_job import submit_numbered
from benchmarks.core_time import core_seconds, stores
from benchmarks.report import argument_parser, table, write_figures
from benchmarks.simulated_worker import BATCH_SIZE
from embedded.servers import running_catalogue, running_redis
from shared.domain.job import Job
from shared.doorbell import Doorbell, celery_app
from shared.ledger.connection import connect as connect_redis
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from shared.ledger.presence import Presence
from shared.settings import Settings

_DEADLINE_SECONDS = 3600.0


@dataclass(frozen=True)
class Figure:
    """One run. `busy_cores` is the processor time of all processes divided by the job's duration."""

    workers: int
    items: int
    per_second: float
    core_ms_per_item: float
    busy_cores: float


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with running_redis(folder / "redis") as redis_url, running_catalogue(folder / "catalogue") as catalogue_url:
            settings = Settings(redis_url=redis_url, catalogue_url=catalogue_url)
            scaling = [_measure(settings, n, n * arguments.items, arguments.batch_seconds) for n in arguments.workers]
            lengths = [_measure(settings, 2, count, 0.0) for count in arguments.lengths]
    _print(scaling, lengths, arguments.batch_seconds)
    write_figures(arguments.json, {"batch_seconds": arguments.batch_seconds, "scaling": scaling, "lengths": lengths})


def _measure(settings: Settings, workers: int, count: int, batch_seconds: float) -> Figure:
    with _simulated_workers(settings, workers, batch_seconds) as processes:
        watched = [*map(psutil.Process, processes), *stores()]
        before = sum(map(core_seconds, watched))
        job = _ingest(settings, f"run_{secrets.token_hex(6)}", count)
        spent = sum(map(core_seconds, watched)) - before
    if job.stored != count or job.started is None or job.finished is None:
        raise SystemExit(f"The job did not store all items: {job}")
    seconds = (job.finished - job.started).total_seconds()
    return Figure(workers, count, count / seconds, 1000 * spent / count, spent / seconds)


def _ingest(settings: Settings, collection: str, count: int) -> Job:
    connection = connect_redis(settings)
    ledger, jobs = IngestLedger(connection, settings), Jobs(connection, settings)
    job_id = submit_numbered(ledger, collection, count, "https://photos.example/{}.jpg".format, settings.chunk_size)
    Doorbell(celery_app(settings)).ring_ingest()
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while not (job := jobs.get(job_id)).is_final:
        if time.monotonic() > deadline:
            raise SystemExit(f"The job did not end within {_DEADLINE_SECONDS:.0f} s.")
        time.sleep(0.1)
    return job


@contextmanager
def _simulated_workers(settings: Settings, count: int, batch_seconds: float) -> Iterator[list[int]]:
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "LICHTBILD_REDIS_URL": settings.redis_url.get_secret_value(),
        "LICHTBILD_CATALOGUE_URL": settings.catalogue_url.get_secret_value(),
        # No automatic index build (default: from 100,000 rows) during the measurement.
        "LICHTBILD_INDEX_ROWS": "0",
    }
    module = [sys.executable, "-m", "benchmarks.simulated_worker", "--seconds-per-batch", str(batch_seconds)]
    processes = [
        subprocess.Popen([*module, "--name", f"simulated-{n}"], env=environment, stderr=subprocess.DEVNULL)
        for n in range(count)
    ]
    try:
        presence = Presence(connect_redis(settings))
        deadline = time.monotonic() + 300
        while len(presence.alive("ingest")) < count:
            if time.monotonic() > deadline or any(process.poll() is not None for process in processes):
                raise SystemExit("A simulated worker did not start.")
            time.sleep(0.2)
        yield [process.pid for process in processes]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)


def _print(scaling: Sequence[Figure], lengths: Sequence[Figure], batch_seconds: float) -> None:
    header = ["workers", "items", "per second", "core-ms per item", "busy cores"]
    print(f"One batch of {BATCH_SIZE} images every {batch_seconds} s\n")
    single = scaling[0].per_second / scaling[0].workers if scaling else 0.0
    rows = ([*_cells(figure), f"{figure.per_second / figure.workers / single:.2f}"] for figure in scaling)
    print(table([*header, "efficiency"], rows))
    print("\nWithout sleeping\n")
    print(table(header, map(_cells, lengths)))


def _cells(figure: Figure) -> list[str]:
    counts = [str(figure.workers), f"{figure.items:,}"]
    return [*counts, f"{figure.per_second:.1f}", f"{figure.core_ms_per_item:.2f}", f"{figure.busy_cores:.2f}"]


def _arguments() -> argparse.Namespace:
    parser = argument_parser("benchmarks.scaling", __doc__)
    parser.add_argument("--workers", type=int, nargs="*", default=[1, 2, 4, 8, 16], help="numbers of workers")
    parser.add_argument("--items", type=int, default=2560, help="items per worker: %(default)s")
    parser.add_argument("--batch-seconds", type=float, default=0.32, help="duration of a simulated batch")
    lengths = [1_000, 10_000, 100_000, 1_000_000]
    parser.add_argument("--lengths", type=int, nargs="*", default=lengths, help="items per job without sleeping")
    return parser.parse_args()


if __name__ == "__main__":
    main()
