"""Where a search's time goes: from POST to result, by stage, with some clients at once.

    .venv/bin/python -m benchmarks.search_latency --rows 25000 --clients 1 8 64

A whole stack, filled with random unit vectors; every client asks one search after the other, over one connection, with
`Prefer: wait`. `encode` and `search` are what the worker measured, `queue` the time from the job's creation to its
beginning; `overhead` is what is left of the client's time without `encode` and `search`.
"""

import argparse
import http.client
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from embedded.demo_model import MODEL_FOLDER
from embedded.stack import Stack, StackOptions, running_stack
from shared.catalogue.connect import connect as connect_catalogue
from shared.catalogue.interface import Row
from shared.settings import Settings
from worker.encoder import model_name

COLLECTION = "photos"
_DIMENSION = 512
_ROWS_AT_ONCE = 5_000
_SUBJECTS = ("man", "dog", "car", "house", "boat", "bird", "tent", "tree")


@dataclass(frozen=True)
class Figure:
    """One run; times in milliseconds. The stages are medians, and so is `overhead`, of the differences."""

    clients: int
    searches: int
    per_second: float
    p50: float
    p95: float
    p99: float
    queue: float
    encode: float
    search: float
    overhead: float


@dataclass(frozen=True)
class Timing:
    """One search as its client saw it, in milliseconds."""

    total: float
    queue: float
    encode: float
    search: float


def texts(seed: int) -> Iterator[str]:
    """Texts of a dozen tokens that hardly repeat, so that none is remembered."""
    chooser = np.random.default_rng(seed)
    while True:
        yield f"{chooser.choice(_SUBJECTS)} {chooser.integers(1_000_000)}"


@contextmanager
def filled_stack(model: str, rows: int, **environment: str) -> Iterator[Stack]:
    """A stack whose collection `photos` holds so many random unit vectors, as if this model had made them."""
    with tempfile.TemporaryDirectory() as name:
        options = StackOptions(Path(name), model=model, quiet=True, environment={**os.environ, **environment})
        with running_stack(options) as stack:
            fill(stack, model_name(str(MODEL_FOLDER) if model == "demo" else model), rows)
            yield stack


def fill(stack: Stack, model: str, rows: int) -> None:
    catalogue = connect_catalogue(Settings(catalogue_url=stack.catalogue_url))
    catalogue.ensure(COLLECTION, model, _DIMENSION)
    chooser = np.random.default_rng(7)
    for start in range(0, rows, _ROWS_AT_ONCE):
        vectors = chooser.standard_normal((min(_ROWS_AT_ONCE, rows - start), _DIMENSION)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        catalogue.write(
            COLLECTION,
            [
                Row(f"p{start + n:07}", f"https://photos.example/{start + n}.jpg", vector, b"", {"n": start + n}, 1)
                for n, vector in enumerate(vectors)
            ],
        )


def measure(
    api_url: str, clients: int, seconds: float, queries: Callable[[int], Iterator[str]] = texts
) -> tuple[Figure, list[Timing]]:
    """Every client searches on its own connection until the time is up; what was begun is finished."""
    timings: list[list[Timing]] = [[] for _ in range(clients)]
    ends = time.perf_counter() + seconds
    started = time.perf_counter()

    def work(number: int) -> None:
        for text in queries(number):
            if time.perf_counter() > ends:
                return
            timings[number].append(ask(connection_of[number], {"text": text, "top_k": 10}))

    address = urlsplit(api_url)
    connection_of = [
        http.client.HTTPConnection(address.hostname or "", address.port, timeout=60) for _ in range(clients)
    ]
    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - started
    for connection in connection_of:
        connection.close()
    found = [timing for of_client in timings for timing in of_client]
    return figure(clients, found, seconds), found


def ask(connection: http.client.HTTPConnection, body: dict[str, object]) -> Timing:
    """One search. Raises SystemExit if it was not answered with hits."""
    started = time.perf_counter()
    headers = {"Content-Type": "application/json", "Prefer": "wait=30"}
    connection.request("POST", "/v1/search", json.dumps(body), headers)
    answer = connection.getresponse()
    content = answer.read()
    total = (time.perf_counter() - started) * 1000
    job = json.loads(content)
    if answer.status != 200 or job["status"] != "succeeded":
        raise SystemExit(f"A search was not answered: {answer.status} {content[:300]!r}")
    took = job["result"]["took_ms"]
    return Timing(total, took["queue"], took["encode"], took["search"])


def figure(clients: int, found: Sequence[Timing], seconds: float) -> Figure:
    totals = sorted(timing.total for timing in found)
    return Figure(
        clients=clients,
        searches=len(found),
        per_second=len(found) / seconds,
        p50=_quantile(totals, 0.5),
        p95=_quantile(totals, 0.95),
        p99=_quantile(totals, 0.99),
        queue=statistics.median(timing.queue for timing in found),
        encode=statistics.median(timing.encode for timing in found),
        search=statistics.median(timing.search for timing in found),
        overhead=statistics.median(timing.total - timing.encode - timing.search for timing in found),
    )


def _quantile(values: Sequence[float], share: float) -> float:
    return values[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    arguments = _arguments()
    with filled_stack(arguments.model, arguments.rows) as stack:
        measure(stack.api_url, 4, arguments.warm_up)
        figures = [measure(stack.api_url, clients, arguments.seconds)[0] for clients in arguments.clients]
    _print(figures)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps([asdict(found) for found in figures], indent=1))


def _print(figures: Sequence[Figure]) -> None:
    names = ("p50", "p95", "p99", "queue", "encode", "search", "overhead")
    print(f"{'clients':>8}{'searches':>10}{'per second':>12}" + "".join(f"{name:>10}" for name in names))
    for found in figures:
        values = "".join(f"{getattr(found, name):>10.1f}" for name in names)
        print(f"{found.clients:>8}{found.searches:>10}{found.per_second:>12.1f}{values}")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search_latency", description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="demo", help="`demo`, a folder, or an id")
    parser.add_argument("--rows", type=int, default=25_000)
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=10.0, help="of each run")
    parser.add_argument("--warm-up", type=float, default=3.0, help="seconds")
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args()


if __name__ == "__main__":
    main()
