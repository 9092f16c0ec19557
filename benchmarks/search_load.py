"""Search load on a running stack: clients that wait for answers, clients that do not, and clients that only wait."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import psutil
import requests

from benchmarks.core_time import family_seconds
from benchmarks.http_load import Answer, Client, load
from benchmarks.other_load import OtherLoad
from benchmarks.queries import Bodies
from benchmarks.search_figures import STAGES, Idle, Load, Submitted
from embedded.stack import Stack
from shared.catalogue.interface import Catalogue

_WAIT = {"Content-Type": "application/json", "Prefer": "wait=30"}
_POLL_SECONDS = 25


@dataclass(frozen=True)
class SearchBench:
    """A running stack with a filled collection, the request bodies, and the duration of a measurement in seconds."""

    stack: Stack
    catalogue: Catalogue
    bodies: Bodies
    seconds: float

    def processes(self) -> dict[str, psutil.Process]:
        """The stack's processes by name."""
        return {name: psutil.Process(pid) for name, pid in self.stack.supervisor.process_ids().items()}

    def core_seconds(self) -> dict[str, float]:
        """Processor time of each process and its descendants since its start."""
        return {name: family_seconds(process) for name, process in self.processes().items()}

    def load(self, when: str, kind: str, clients: int) -> Load:
        """Measure `clients` searching clients, after a warm-up of an eighth of the time."""

        def request() -> tuple[str, bytes, dict[str, str]]:
            return "/v1/search", self.bodies.make(kind), _WAIT

        asyncio.run(load(self.stack.api_url, clients, self.seconds / 8, request))
        other_load, before = OtherLoad(), self.core_seconds()
        answers, seconds = asyncio.run(load(self.stack.api_url, clients, self.seconds, request))
        spent = {name: now - before.get(name, 0.0) for name, now in self.core_seconds().items()}
        others = other_load.cores()
        figure = _summarize(when, kind, clients, answers, seconds=seconds, spent=spent, others_cores=others)
        print(figure, flush=True)
        return figure


def submit_without_waiting(bench: SearchBench) -> Submitted:
    """Submit searches from eight clients that do not wait for answers, then wait until the queue is empty."""

    def request() -> tuple[str, bytes, dict[str, str]]:
        return "/v1/search", bench.bodies.make("text"), {"Content-Type": "application/json"}

    answers, seconds = asyncio.run(load(bench.stack.api_url, 8, bench.seconds, request))
    accepted = sum(answer.status == 202 for answer in answers)
    refused = sum(answer.status == 429 for answer in answers)
    while (requests.get(f"{bench.stack.api_url}/readyz", timeout=60).json()["backlog"] or {}).get("searches", 1):
        time.sleep(0.1)
    return Submitted(accepted / seconds, refused / seconds, len(answers) - accepted - refused)


async def wait_in_parallel(bench: SearchBench, job: str, count: int) -> Idle:
    """Let `count` clients long-poll an unfinished job while another client searches. Then cancel the job."""
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
    await asyncio.to_thread(act_on_job, bench, job, "cancel")
    ended = await asyncio.gather(*polls)
    woken = time.perf_counter() - cancelled
    for client in clients:
        client.close()
    working = _summarize("waiting", "text", 1, answers, seconds=seconds, spent={}, others_cores=0.0)
    errors = sum(answer.status != 200 for answer in ended) + working.failed + working.refused
    return Idle(count, errors, before, during, woken, working)


def act_on_job(bench: SearchBench, job: str, verb: str) -> None:
    """`pause` or `cancel` a job."""
    requests.post(f"{bench.stack.api_url}/v1/jobs/{job}/{verb}", timeout=60).raise_for_status()


def _summarize(
    when: str,
    kind: str,
    clients: int,
    answers: Sequence[Answer],
    *,
    seconds: float,
    spent: dict[str, float],
    others_cores: float,
) -> Load:
    """Percentiles and medians over the successful answers."""
    stages, times = [], []
    for answer in answers:
        job = answer.json() if answer.status == 200 else {}
        if job.get("status") == "succeeded":
            took = {stage: job["result"]["took_ms"].get(stage, 0.0) for stage in STAGES}
            stages.append({**took, "rest": answer.milliseconds - sum(took.values())})
            times.append(answer.milliseconds)
    if not times:
        raise SystemExit(f"No search of {clients} clients ({kind}, {when}) succeeded. First answer: {answers[:1]}")
    refused = sum(answer.status == 429 for answer in answers)
    p50, p95, p99 = (float(np.percentile(times, percent)) for percent in (50, 95, 99))
    return Load(
        when,
        kind,
        clients,
        answers=len(times),
        refused=refused,
        failed=len(answers) - len(times) - refused,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        per_second=len(times) / seconds,
        stages={stage: float(np.median([one[stage] for one in stages])) for stage in (*STAGES, "rest")},
        core_ms={name: 1000 * cpu / len(times) for name, cpu in spent.items()},
        others_cores=others_cores,
    )


def _family_megabytes(process: psutil.Process) -> float:
    """Unique set size of a process and its descendants, in MB of 10^6 bytes."""
    family = [process, *process.children(recursive=True)]
    return sum(member.memory_full_info().uss for member in family) / 1e6
