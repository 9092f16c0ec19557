"""Searches in the catalogue alone, exact and indexed, and in faiss on the same vectors.

    python -m benchmarks.catalogue --json build/catalogue.json
    python -m benchmarks.catalogue --sizes 25000 50000 --most-indexed 50000

Uses Lichtbild's catalogue code over HTTP to the embedded server, from threads of one process as in a search worker.
One thread writes the rows in groups of the writer's size. Vectors are synthetic (`benchmarks/clip_like.py`); queries
alternate between photos that are not stored, texts, and both together. Recall@10 compares with a float32 scan in numpy.
faiss runs inside this process, without HTTP, rows or durability: it shows what the bare data structure can do, in
float32, with the parameters of our index.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.clip_like import Matrix, combined, make_space, photos, texts
from benchmarks.closed_loop import closed_loop
from benchmarks.other_load import OtherLoad
from benchmarks.report import argument_parser, table, write_figures
from benchmarks.rows import build_index, write_vectors
from benchmarks.stored_bytes import stored_bytes
from embedded.servers import running_catalogue
from shared.catalogue import hnsw
from shared.catalogue.connect import connect
from shared.catalogue.interface import Catalogue, Vector
from shared.settings import Settings

TOP = 10
KINDS = {"photo": photos, "text": texts, "both": combined}
WARM_UP = 5

Search = Callable[[Vector], Sequence[int]]


@dataclass(frozen=True)
class Queries:
    """Query vectors, (queries, dimension), their kinds, and the numbers of the nearest rows, (queries, TOP)."""

    vectors: Matrix
    kinds: Sequence[str]
    nearest: NDArray[np.int64]


@dataclass(frozen=True)
class Stored:
    """Cost of storing `rows` rows. `rows_per_second` is the rate of writing or, for an index, of building it."""

    way: str
    rows: int
    seconds: float
    rows_per_second: float
    bytes_per_row: float
    server_megabytes: float | None


@dataclass(frozen=True)
class Speed:
    """Searches of `clients` clients in a closed loop. Recall is by kind of query; `others_cores` is the number of cores
    that unrelated processes used meanwhile."""

    way: str
    rows: int
    clients: int
    queries: int
    p50_ms: float
    p95_ms: float
    per_second: float
    recall: dict[str, float]
    others_cores: float


def main() -> None:
    arguments = _arguments()
    stored: list[Stored] = []
    speeds: list[Speed] = []
    for rows in arguments.sizes:
        space = make_space(rows)
        vectors = photos(space, rows, seed=1)
        queries = _queries(vectors, {kind: make(space, arguments.queries, 2) for kind, make in KINDS.items()})
        for found in (_catalogue(vectors, queries, arguments), _peer(vectors, queries, arguments)):
            for figure in found:
                (stored if isinstance(figure, Stored) else speeds).append(figure)  # type: ignore[arg-type]
                print(figure, flush=True)
    _print(stored, speeds)
    write_figures(arguments.json, {"stored": stored, "speeds": speeds})


def _catalogue(vectors: Matrix, queries: Queries, arguments: argparse.Namespace) -> Iterator[Stored | Speed]:
    name, count = "photos", len(vectors)
    with tempfile.TemporaryDirectory() as folder, running_catalogue(Path(folder)) as url:
        catalogue = connect(Settings(catalogue_url=url))
        catalogue.ensure(name, "clip-like", vectors.shape[1])
        seconds = _timed(lambda: write_vectors(catalogue, name, vectors))
        rows_bytes, _ = stored_bytes(Path(folder))
        yield Stored("exact", count, seconds, count / seconds, rows_bytes / count, _server_megabytes(folder))
        yield from _speeds("exact", catalogue, name, queries, arguments, exact=True)
        if count <= arguments.most_indexed:
            seconds = _timed(lambda: build_index(catalogue, name))
            yield from _speeds("indexed", catalogue, name, queries, arguments, exact=False)
            _, index_bytes = stored_bytes(Path(folder))
            memory = _server_megabytes(folder)
            yield Stored("indexed", count, seconds, count / seconds, index_bytes / count, memory)


def _speeds(
    way: str, catalogue: Catalogue, name: str, queries: Queries, arguments: argparse.Namespace, *, exact: bool
) -> Iterator[Speed]:
    def search(vector: Vector) -> Sequence[int]:
        return [int(hit.photo.photo_id) for hit in catalogue.search(name, vector, TOP, exact=exact)]

    for clients in arguments.clients:
        yield _speed(
            way, catalogue.count(name), search, queries, clients=clients, seconds=arguments.seconds, every=not exact
        )


def _peer(vectors: Matrix, queries: Queries, arguments: argparse.Namespace) -> Iterator[Stored | Speed]:
    """The same in faiss, if it is installed (`pip install .[bench]`)."""
    try:
        import faiss
    except ImportError:
        print("faiss is not installed: skipped")
        return
    count, dimension = vectors.shape
    flat = faiss.IndexFlatIP(dimension)
    graph = faiss.IndexHNSWFlat(dimension, hnsw.M, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction, graph.hnsw.efSearch = hnsw.EF_CONSTRUCTION, hnsw.EF_SEARCH
    for way, index in (("faiss flat", flat), ("faiss HNSW", graph)):
        if index is graph and count > arguments.most_indexed:
            continue
        seconds = _timed(lambda index=index: index.add(vectors))  # type: ignore[misc]
        size = faiss.serialize_index(index).nbytes / count
        yield Stored(way, count, seconds, count / seconds, size, None)
        # One thread per query: the clients run in parallel.
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        for clients in arguments.clients:
            search: Search = lambda vector, index=index: index.search(vector[None], TOP)[1][0].tolist()  # type: ignore[misc]  # noqa: E731
            yield _speed(way, count, search, queries, clients=clients, seconds=arguments.seconds, every=index is graph)
        faiss.omp_set_num_threads(threads)


def _speed(
    way: str, rows: int, search: Search, queries: Queries, *, clients: int, seconds: float, every: bool
) -> Speed:
    """Run the queries in turn for `seconds`; with `every`, until each has run at least once."""
    for vector in queries.vectors[:WARM_UP]:
        search(vector)
    count = len(queries.vectors)
    other_load = OtherLoad()
    ask: Callable[[int], Sequence[int]] = lambda turn: search(queries.vectors[turn % count])  # noqa: E731
    loop = closed_loop(ask, clients, seconds, at_least=count if every else 0)
    answers = [(turn % count, ids) for turn, ids in loop.results]
    found = {kind: [(query, ids) for query, ids in answers if queries.kinds[query] == kind] for kind in KINDS}
    return Speed(
        way,
        rows,
        clients,
        len(answers),
        loop.percentile(50),
        loop.percentile(95),
        loop.per_second,
        {kind: _recall(queries, given) for kind, given in found.items() if given},
        other_load.cores(),
    )


def _recall(queries: Queries, given: Sequence[tuple[int, Sequence[int]]]) -> float:
    return float(np.mean([len(set(ids) & set(queries.nearest[query].tolist())) / TOP for query, ids in given]))


def _queries(vectors: Matrix, by_kind: dict[str, Matrix]) -> Queries:
    """The queries of all kinds in alternation, with the result of an exact scan."""
    every = np.stack(list(by_kind.values()), axis=1).reshape(-1, vectors.shape[1])
    kinds = list(by_kind) * len(next(iter(by_kind.values())))
    nearest = [_scan(vectors, block) for block in np.array_split(every, max(1, len(every) // 50))]
    return Queries(every, kinds, np.concatenate(nearest))


def _scan(vectors: Matrix, block: Matrix) -> NDArray[np.int64]:
    similarities = block @ vectors.T
    best = np.argpartition(-similarities, TOP, axis=1)[:, :TOP]
    return np.asarray(best, np.int64)


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _server_megabytes(folder: str) -> float:
    """Resident memory of the server whose data folder this is, in MB of 10^6 bytes."""
    every = psutil.process_iter(["cmdline"])
    servers = [process for process in every if any(folder in word for word in process.info["cmdline"] or ())]
    return sum(server.memory_info().rss for server in servers) / 1e6


def _print(stored: Sequence[Stored], speeds: Sequence[Speed]) -> None:
    header = ["", "rows", "write or build, s", "rows/s", "bytes per row", "server memory, MB"]
    print(table(header, (_stored_cells(figure) for figure in stored)), end="\n\n")
    kinds = [f"recall, {kind}" for kind in KINDS]
    print(
        table(
            ["", "rows", "clients", "queries", "p50 ms", "p95 ms", "QPS", *kinds, "others' cores"],
            map(_speed_cells, speeds),
        )
    )


def _stored_cells(figure: Stored) -> list[str]:
    memory = "" if figure.server_megabytes is None else f"{figure.server_megabytes:,.0f}"
    cells = [f"{figure.seconds:.1f}", f"{figure.rows_per_second:,.0f}", f"{figure.bytes_per_row:,.0f}", memory]
    return [figure.way, f"{figure.rows:,}", *cells]


def _speed_cells(figure: Speed) -> list[str]:
    recall = [f"{figure.recall[kind]:.4f}" if kind in figure.recall else "" for kind in KINDS]
    cells = [
        f"{figure.p50_ms:.1f}",
        f"{figure.p95_ms:.1f}",
        f"{figure.per_second:.1f}",
        *recall,
        f"{figure.others_cores:.2f}",
    ]
    return [figure.way, f"{figure.rows:,}", str(figure.clients), str(figure.queries), *cells]


def _arguments() -> argparse.Namespace:
    parser = argument_parser("benchmarks.catalogue", __doc__)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[25_000, 150_000, 1_000_000], help="rows of the collections"
    )
    parser.add_argument("--most-indexed", type=int, default=150_000, help="build no index for more rows: %(default)s")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8], help="numbers of clients")
    parser.add_argument("--queries", type=int, default=200, help="queries of each kind")
    parser.add_argument("--seconds", type=float, default=8.0, help="duration of each measurement")
    return parser.parse_args()


if __name__ == "__main__":
    main()
