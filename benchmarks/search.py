"""Latency and throughput of searches through the whole stack: idle, during an ingest, and with an index.

    python -m benchmarks.search --json build/search.json

API, Redis, one search worker, one ingest worker and the catalogue run as `lichtbild up` runs them, with a full-size
ViT-B/32 with random weights and synthetic vectors (`benchmarks/clip_like.py`). Clients wait for their answers
(`Prefer: wait`) in a closed loop; every text is new. The same run measures:

1. the encoder and the catalogue alone (`benchmarks/stages_alone.py`)
2. searches on the idle stack
3. searches submitted without waiting for answers
4. searches while the ingest worker loads photos into another collection at full speed
5. many clients that only wait for a job
6. stage and searches again, with a vector index

A stage is the median of `took_ms` in the answers. `rest` is the client's latency minus the stages: API, Redis, wake-up.
All clients share one thread of this process, which also takes processor time.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from benchmarks.clip_like import make_space, photos
from benchmarks.drawn_photos import draw_photos
from benchmarks.models import save_random_model
from benchmarks.photo_server import PhotoSource, running_photo_server
from benchmarks.queries import KINDS, Bodies
from benchmarks.report import argument_parser, write_figures
from benchmarks.rows import build_index, write_vectors
from benchmarks.search_figures import Alone, judge, print_figures
from benchmarks.search_load import SearchBench, act_on_job, submit_without_waiting, wait_in_parallel
from embedded.stack import StackOptions, running_stack
from shared.catalogue.connect import connect
from shared.catalogue.interface import Catalogue
from shared.settings import Settings

COLLECTION, BULK = "photos", "bulk"
_BULK_ITEMS = 100_000
_BULK_WARM_UP_ITEMS = 128


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = save_random_model(folder / "model", tiny=arguments.tiny)
        pictures = draw_photos(folder / "photos", arguments.distinct, arguments.longest)
        environment = {
            **os.environ,
            "LICHTBILD_FETCH_ALLOW": "127.0.0.0/8",
            "LICHTBILD_TUNING_FOLDER": str(folder / "tuning"),
            "LICHTBILD_DTYPE": arguments.dtype,
            # No 429: the rate of accepted searches is measured.
            "LICHTBILD_MAX_WAITING_SEARCHES": "1000000",
        }
        options = StackOptions(folder / "data", model=model, environment=environment, quiet=True)
        with running_photo_server(folder / "photos", 0.05) as server, running_stack(options) as stack:
            catalogue = connect(Settings(catalogue_url=stack.catalogue_url))
            _fill(catalogue, stack.api_url, arguments.rows)
            bench = SearchBench(stack, catalogue, Bodies(COLLECTION, pictures), arguments.seconds)
            figures = measure(bench, folder / "photos", server, arguments)
    write_figures(arguments.json, figures)
    print_figures(figures)


def measure(bench: SearchBench, pictures: Path, server: PhotoSource, arguments: argparse.Namespace) -> dict[str, Any]:
    """Run all measurements, in an order in which none disturbs the next."""
    clients = arguments.clients
    facts, alone = _alone(bench, pictures, [*KINDS, "exact"], arguments)
    loads = [bench.load("idle", kind, count) for kind in KINDS for count in clients]
    submitted = submit_without_waiting(bench)
    with _bulk(bench, server) as job:
        before = _stored(bench, job)
        started = time.perf_counter()
        loads += [bench.load("ingest", kind, count) for kind in KINDS for count in clients]
        ingested = (_stored(bench, job) - before) / (time.perf_counter() - started)
        act_on_job(bench, job, "pause")
        idle = asyncio.run(wait_in_parallel(bench, job, arguments.waiting))
        print(f"Ingest during the searches: {ingested:.1f} images/s", idle, submitted, flush=True)
    if not arguments.no_index:
        build_index(bench.catalogue, COLLECTION)
        alone |= _alone(bench, pictures, ["indexed"], arguments)[1]
        loads += [bench.load("indexed", kind, count) for kind in KINDS for count in clients]
    return {
        "rows": arguments.rows,
        "encoder": facts,
        "loads": loads,
        "alone": alone,
        "ingested_per_second": ingested,
        "waiting": idle,
        "submitted": submitted,
        "goals": judge(loads, alone, idle),
    }


def _fill(catalogue: Catalogue, api: str, count: int) -> None:
    """Write rows as an ingest with the search worker's model would."""
    (worker,) = (
        worker for worker in requests.get(f"{api}/readyz", timeout=60).json()["workers"] if worker["queue"] == "search"
    )
    catalogue.ensure(COLLECTION, worker["model"], worker["dimension"])
    write_vectors(catalogue, COLLECTION, photos(make_space(count, worker["dimension"]), count, seed=1))


def _alone(
    bench: SearchBench, pictures: Path, stages: Sequence[str], arguments: argparse.Namespace
) -> tuple[dict[str, Any], dict[str, list[Alone]]]:
    """Facts about the encoder and figures of each stage alone, in the environment of the search worker."""
    worker = bench.processes()["search-1"]
    command = [sys.executable, "-m", "benchmarks.stages_alone", "--photos", str(pictures), "--collection", COLLECTION]
    options = ["--stages", *stages, "--seconds", str(arguments.seconds), "--clients", *map(str, arguments.clients)]
    done = subprocess.run([*command, *options], env=worker.environ(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"benchmarks.stages_alone failed:\n{done.stderr[-2000:]}")
    output = json.loads(done.stdout.splitlines()[-1])
    alone = {name: [Alone(**one) for one in found] for name, found in output["alone"].items()}
    print(alone, flush=True)
    return output["encoder"], alone


@contextmanager
def _bulk(bench: SearchBench, server: PhotoSource) -> Iterator[str]:
    """An ingest at full speed that is too long to finish; cancelled on exit. Yields the job's id."""
    lines = (json.dumps({"id": f"b{n}", "url": f"{server.url}/{n}"}) for n in range(_BULK_ITEMS))
    url, headers = f"{bench.stack.api_url}/v1/ingest?collection={BULK}", {"Content-Type": "application/x-ndjson"}
    job = requests.post(url, "\n".join(lines).encode(), headers=headers, timeout=300).json()["id"]
    try:
        deadline = time.monotonic() + 120
        while _stored(bench, job) < _BULK_WARM_UP_ITEMS:
            if time.monotonic() > deadline:
                raise SystemExit(f"The ingest did not store {_BULK_WARM_UP_ITEMS} items within 120 s.")
            time.sleep(0.2)
        yield job
    finally:
        act_on_job(bench, job, "cancel")


def _stored(bench: SearchBench, job: str) -> int:
    found: int = requests.get(f"{bench.stack.api_url}/v1/jobs/{job}", timeout=60).json()["progress"]["stored"]
    return found


def _arguments() -> argparse.Namespace:
    parser = argument_parser("benchmarks.search", __doc__)
    parser.add_argument("--rows", type=int, default=25_000, help="rows of the collection: %(default)s")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64], help="numbers of clients")
    parser.add_argument("--seconds", type=float, default=6.0, help="duration of each measurement")
    parser.add_argument("--waiting", type=int, default=500, help="clients that only wait")
    parser.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--distinct", type=int, default=100, help="number of pictures, for queries and for the ingest")
    parser.add_argument("--longest", type=int, default=640, help="longest side of the pictures in pixels")
    parser.add_argument("--no-index", action="store_true", help="measure exact scans only")
    parser.add_argument("--tiny", action="store_true", help="use a tiny model, to try the program")
    return parser.parse_args()


if __name__ == "__main__":
    main()
