"""Searches through the whole stack: how fast, how many, what of it is not encoding or database, and beside an ingest.

    python -m benchmarks.search --json build/search.json

API, Redis, one search worker, one ingest worker and the catalogue run as `lichtbild up` runs them, with a ViT-B/32 of
full size with random weights, over rows with the shape of CLIP's vectors. Clients wait for their answers (`Prefer:
wait`) and ask again at once; every text is another one. In the same run the encoder and the catalogue are measured
alone (`benchmarks/stages_alone.py`). Then all again while the ingest worker loads photos into another collection as
fast as it can; then clients that only wait; then searches that nobody waits for; and once more with an index.

A stage is the median of what the answers tell of it; `rest` is what a client waits for beyond them: the API's part,
Redis, the wake-up. All clients share one thread of this process, which takes its own share of the cores.
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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import requests

from benchmarks.clip_like import make_space, photos
from benchmarks.core_time import family_seconds
from benchmarks.drawn_photos import draw_photos
from benchmarks.http_load import Answer, Client, load
from benchmarks.neighbours import Neighbours
from benchmarks.photo_server import PhotoSource, running_photo_server
from benchmarks.queries import KINDS, Bodies
from benchmarks.report import arguments_of, write_figures
from benchmarks.search_figures import STAGES, Alone, Idle, Load, Submitted, bars, print_figures
from embedded.stack import Stack, StackOptions, running_stack
from shared.catalogue.connect import connect
from shared.catalogue.interface import Catalogue, Row
from shared.settings import Settings
from tests.tiny_model import save_full_size_model, save_tiny_model

COLLECTION, BULK = "photos", "bulk"
_WAIT = {"Content-Type": "application/json", "Prefer": "wait=30"}
_BULK_ITEMS = 100_000
_BULK_WARM = 128
_POLL_SECONDS = 25


@dataclass(frozen=True)
class Bench:
    """A running stack with its rows, and what is asked of it."""

    stack: Stack
    catalogue: Catalogue
    bodies: Bodies
    seconds: float

    def processes(self) -> dict[str, psutil.Process]:
        """The stack's processes by name."""
        return {name: psutil.Process(pid) for name, pid in self.stack.supervisor.process_ids().items()}

    def core_seconds(self) -> dict[str, float]:
        """What each has spent since its start, with its children."""
        return {name: family_seconds(process) for name, process in self.processes().items()}

    def load(self, when: str, kind: str, clients: int) -> Load:
        """So many clients for the bench's time, after a short while to warm up."""

        def request() -> tuple[str, bytes, dict[str, str]]:
            return "/v1/search", self.bodies.make(kind), _WAIT

        asyncio.run(load(self.stack.api_url, clients, self.seconds / 8, request))
        neighbours, before = Neighbours(), self.core_seconds()
        answers, seconds = asyncio.run(load(self.stack.api_url, clients, self.seconds, request))
        spent = {name: now - before.get(name, 0.0) for name, now in self.core_seconds().items()}
        others = neighbours.cores()
        judged = _judged(when, kind, clients, answers, seconds=seconds, spent=spent, others_cores=others)
        print(judged, flush=True)
        return judged


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save = save_tiny_model if arguments.tiny else save_full_size_model
        model = save(folder / "model")
        pictures = draw_photos(folder / "photos", arguments.distinct, arguments.longest)
        environment = {
            **os.environ,
            "LICHTBILD_FETCH_ALLOW": "127.0.0.0/8",
            "LICHTBILD_TUNING_FOLDER": str(folder / "tuning"),
            "LICHTBILD_DTYPE": arguments.dtype,
            # Submitting is measured, not refusing.
            "LICHTBILD_MAX_WAITING_SEARCHES": "1000000",
        }
        options = StackOptions(folder / "data", model=str(model), environment=environment, quiet=True)
        with running_photo_server(folder / "photos", 0.05) as server, running_stack(options) as stack:
            catalogue = connect(Settings(catalogue_url=stack.catalogue_url))
            _fill(catalogue, stack.api_url, arguments.rows)
            bench = Bench(stack, catalogue, Bodies(COLLECTION, pictures), arguments.seconds)
            figures = measure(bench, folder / "photos", server, arguments)
    write_figures(arguments.json, figures)
    print_figures(figures)


def measure(bench: Bench, pictures: Path, server: PhotoSource, arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything, in an order in which nothing disturbs what comes after it."""
    clients = arguments.clients
    facts, alone = _alone(bench, pictures, [*KINDS, "exact"], arguments)
    loads = [bench.load("idle", kind, count) for kind in KINDS for count in clients]
    submitted = _submitted(bench)
    with _bulk(bench, server) as job:
        before = _stored(bench, job)
        started = time.perf_counter()
        loads += [bench.load("ingest", kind, count) for kind in KINDS for count in clients]
        ingested = (_stored(bench, job) - before) / (time.perf_counter() - started)
        _act(bench, job, "pause")
        idle = asyncio.run(_waiting(bench, job, arguments.waiting))
        print(f"{ingested:.1f} images/s ingested meanwhile", idle, submitted, flush=True)
    if not arguments.no_index:
        _index(bench.catalogue)
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
        "bars": bars(loads, alone, idle),
    }


def _fill(catalogue: Catalogue, api: str, count: int) -> None:
    """Rows as an ingest by the search worker's model would leave them."""
    (worker,) = (
        worker for worker in requests.get(f"{api}/readyz", timeout=60).json()["workers"] if worker["queue"] == "search"
    )
    catalogue.ensure(COLLECTION, worker["model"], worker["dimension"])
    vectors = photos(make_space(count, worker["dimension"]), count, seed=1)
    size = Settings().write_rows
    for start in range(0, count, size):
        group = enumerate(vectors[start : start + size], start)
        rows = [Row(f"{n}", f"https://photos.example/{n}.jpg", vector, b"", {"n": n}, 1) for n, vector in group]
        catalogue.write(COLLECTION, rows)


def _alone(
    bench: Bench, pictures: Path, stages: Sequence[str], arguments: argparse.Namespace
) -> tuple[dict[str, Any], dict[str, list[Alone]]]:
    """What the encoder is, and what each stage does by itself, in the environment of the search worker."""
    worker = bench.processes()["search-1"]
    command = [sys.executable, "-m", "benchmarks.stages_alone", "--photos", str(pictures), "--collection", COLLECTION]
    options = ["--stages", *stages, "--seconds", str(arguments.seconds), "--clients", *map(str, arguments.clients)]
    done = subprocess.run([*command, *options], env=worker.environ(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"The stages alone were not measured:\n{done.stderr[-2000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    alone = {name: [Alone(**one) for one in found] for name, found in told["alone"].items()}
    print(alone, flush=True)
    return told["encoder"], alone


def _judged(
    when: str,
    kind: str,
    clients: int,
    answers: Sequence[Answer],
    *,
    seconds: float,
    spent: dict[str, float],
    others_cores: float,
) -> Load:
    found, times = [], []
    for answer in answers:
        job = answer.json() if answer.status == 200 else {}
        if job.get("status") == "succeeded":
            took = {stage: job["result"]["took_ms"].get(stage, 0.0) for stage in STAGES}
            found.append({**took, "rest": answer.milliseconds - sum(took.values())})
            times.append(answer.milliseconds)
    if not found:
        raise SystemExit(f"No search of {clients} clients ({kind}, {when}) was answered: {answers[:1]}")
    refused = sum(answer.status == 429 for answer in answers)
    p50, p95, p99 = (float(np.percentile(times, percent)) for percent in (50, 95, 99))
    return Load(
        when,
        kind,
        clients,
        answers=len(found),
        refused=refused,
        failed=len(answers) - len(found) - refused,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        per_second=len(found) / seconds,
        stages={stage: float(np.median([one[stage] for one in found])) for stage in (*STAGES, "rest")},
        core_ms={name: 1000 * cpu / len(found) for name, cpu in spent.items()},
        others_cores=others_cores,
    )


def _submitted(bench: Bench) -> Submitted:
    """Searches that nobody waits for, from eight clients; then the queue is let run empty."""

    def request() -> tuple[str, bytes, dict[str, str]]:
        return "/v1/search", bench.bodies.make("text"), {"Content-Type": "application/json"}

    answers, seconds = asyncio.run(load(bench.stack.api_url, 8, bench.seconds, request))
    taken = sum(answer.status == 202 for answer in answers)
    refused = sum(answer.status == 429 for answer in answers)
    while (requests.get(f"{bench.stack.api_url}/readyz", timeout=60).json()["backlog"] or {}).get("searches", 1):
        time.sleep(0.1)
    return Submitted(taken / seconds, refused / seconds, len(answers) - taken - refused)


@contextmanager
def _bulk(bench: Bench, server: PhotoSource) -> Iterator[str]:
    """An ingest that goes at full speed and will not end by itself; cancelled at the end."""
    lines = (json.dumps({"id": f"b{n}", "url": f"{server.url}/{n}"}) for n in range(_BULK_ITEMS))
    url, headers = f"{bench.stack.api_url}/v1/ingest?collection={BULK}", {"Content-Type": "application/x-ndjson"}
    job = requests.post(url, "\n".join(lines).encode(), headers=headers, timeout=300).json()["id"]
    try:
        deadline = time.monotonic() + 120
        while _stored(bench, job) < _BULK_WARM:
            if time.monotonic() > deadline:
                raise SystemExit("The ingest does not get going.")
            time.sleep(0.2)
        yield job
    finally:
        _act(bench, job, "cancel")


def _stored(bench: Bench, job: str) -> int:
    found: int = requests.get(f"{bench.stack.api_url}/v1/jobs/{job}", timeout=60).json()["progress"]["stored"]
    return found


def _act(bench: Bench, job: str, verb: str) -> None:
    requests.post(f"{bench.stack.api_url}/v1/jobs/{job}/{verb}", timeout=60).raise_for_status()


async def _waiting(bench: Bench, job: str, count: int) -> Idle:
    """So many clients wait for a job that does not end while another one searches; then it is cancelled."""
    url = bench.stack.api_url
    before = _family_megabytes(bench.processes()["api"])
    clients = [Client(url) for _ in range(count)]
    polls = [asyncio.create_task(client.ask("GET", f"/v1/jobs/{job}?wait={_POLL_SECONDS}")) for client in clients]
    await asyncio.sleep(3)
    answers, seconds = await load(
        url, 1, min(bench.seconds, _POLL_SECONDS / 2), lambda: ("/v1/search", bench.bodies.make("text"), _WAIT)
    )
    during = _family_megabytes(bench.processes()["api"])
    cancelled = time.perf_counter()
    await asyncio.to_thread(_act, bench, job, "cancel")
    ended = await asyncio.gather(*polls)
    woken = time.perf_counter() - cancelled
    for client in clients:
        client.close()
    working = _judged("waiting", "text", 1, answers, seconds=seconds, spent={}, others_cores=0.0)
    errors = sum(answer.status != 200 for answer in ended) + working.failed + working.refused
    return Idle(count, errors, before, during, woken, working)


def _index(catalogue: Catalogue) -> None:
    catalogue.build_index(COLLECTION)
    while (index := catalogue.index(COLLECTION)).status != "built":
        if index.status == "error":
            raise SystemExit(f"The index was not built: {index.reason}")
        time.sleep(0.1)


def _family_megabytes(process: psutil.Process) -> float:
    """Memory that would come free if it ended with its children, in MB of 10^6 bytes."""
    family = [process, *process.children(recursive=True)]
    return sum(member.memory_full_info().uss for member in family) / 1e6


def _arguments() -> argparse.Namespace:
    parser = arguments_of("benchmarks.search", __doc__)
    parser.add_argument("--rows", type=int, default=25_000)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=6.0, help="of each measurement")
    parser.add_argument("--waiting", type=int, default=500, help="clients that only wait")
    parser.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--distinct", type=int, default=100, help="pictures drawn, to search by and to ingest")
    parser.add_argument("--longest", type=int, default=640, help="their longest side, in pixels")
    parser.add_argument("--no-index", action="store_true", help="exact scans only")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, to see that it runs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
