"""Search in the catalogue alone, exact and indexed, with faiss on the same vectors beside it.

    python -m benchmarks.catalogue --json build/catalogue.json
    python -m benchmarks.catalogue --sizes 25000 50000 --most-indexed 50000

Through our own catalogue code, over HTTP to the embedded server, from threads of one process as in a search worker.
Rows are written in groups as the writer has them, by one thread. The vectors are `benchmarks/clip_like.py`'s; the
queries come by turns from photos that are not in the collection, texts, and photo and text together. Recall is the
share of the ten nearest, by a float32 scan with numpy, that an answer holds. faiss runs inside this process, without
HTTP, rows or durability: it is what the bare data structure can do, in float32, with the parameters of our index.
"""

import argparse
import re
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
from benchmarks.neighbours import Neighbours
from benchmarks.report import arguments_of, table, write_figures
from embedded.servers import running_catalogue
from shared.catalogue import hnsw
from shared.catalogue.connect import connect
from shared.catalogue.interface import Catalogue, Row, Vector
from shared.settings import Settings

TOP = 10
KINDS = {"photo": photos, "text": texts, "both": combined}
WARM_UP = 5

Search = Callable[[Vector], Sequence[int]]


@dataclass(frozen=True)
class Queries:
    """Vectors with their kinds, and the numbers of the rows nearest to each, (queries, TOP)."""

    vectors: Matrix
    kinds: Sequence[str]
    nearest: NDArray[np.int64]


@dataclass(frozen=True)
class Stored:
    """What it takes to keep so many rows one way. `rows_per_second` is of writing, or of building an index."""

    way: str
    rows: int
    seconds: float
    rows_per_second: float
    bytes_per_row: float
    server_megabytes: float | None


@dataclass(frozen=True)
class Speed:
    """So many clients, each with its next query as soon as it has an answer. Recall by kind of query; `others_cores`
    were busy with other work meanwhile."""

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
        seconds = _timed(lambda: _write(catalogue, name, vectors))
        rows_bytes, _ = stored_bytes(Path(folder))
        yield Stored("exact", count, seconds, count / seconds, rows_bytes / count, _server_megabytes(folder))
        yield from _speeds("exact", catalogue, name, queries, arguments, exact=True)
        if count <= arguments.most_indexed:
            catalogue.build_index(name)
            seconds = _timed(lambda: _until_built(catalogue, name))
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
    """Faiss, where it is installed (`pip install .[bench]`)."""
    try:
        import faiss
    except ImportError:
        print("faiss is not installed: no peer")
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
        # One query is one thread's work, as it is of a client here.
        threads = faiss.omp_get_max_threads()
        faiss.omp_set_num_threads(1)
        for clients in arguments.clients:
            search: Search = lambda vector, index=index: index.search(vector[None], TOP)[1][0].tolist()  # type: ignore[misc]  # noqa: E731
            yield _speed(way, count, search, queries, clients=clients, seconds=arguments.seconds, every=index is graph)
        faiss.omp_set_num_threads(threads)


def _speed(
    way: str, rows: int, search: Search, queries: Queries, *, clients: int, seconds: float, every: bool
) -> Speed:
    """Ask in turn whatever queries there are, `every` one if that takes longer, and judge all that was found."""
    for vector in queries.vectors[:WARM_UP]:
        search(vector)
    count = len(queries.vectors)
    neighbours = Neighbours()
    ask: Callable[[int], Sequence[int]] = lambda turn: search(queries.vectors[turn % count])  # noqa: E731
    done = closed_loop(ask, clients, seconds, at_least=count if every else 0)
    answers = [(turn % count, ids) for turn, ids in done.results]
    found = {kind: [(query, ids) for query, ids in answers if queries.kinds[query] == kind] for kind in KINDS}
    return Speed(
        way,
        rows,
        clients,
        len(answers),
        done.percentile(50),
        done.percentile(95),
        done.per_second,
        {kind: _recall(queries, given) for kind, given in found.items() if given},
        neighbours.cores(),
    )


def _recall(queries: Queries, given: Sequence[tuple[int, Sequence[int]]]) -> float:
    return float(np.mean([len(set(ids) & set(queries.nearest[query].tolist())) / TOP for query, ids in given]))


def _queries(vectors: Matrix, by_kind: dict[str, Matrix]) -> Queries:
    """By turns of each kind, with what a scan finds."""
    every = np.stack(list(by_kind.values()), axis=1).reshape(-1, vectors.shape[1])
    kinds = list(by_kind) * len(next(iter(by_kind.values())))
    nearest = [_scan(vectors, block) for block in np.array_split(every, max(1, len(every) // 50))]
    return Queries(every, kinds, np.concatenate(nearest))


def _scan(vectors: Matrix, block: Matrix) -> NDArray[np.int64]:
    similarities = block @ vectors.T
    best = np.argpartition(-similarities, TOP, axis=1)[:, :TOP]
    return np.asarray(best, np.int64)


def _write(catalogue: Catalogue, name: str, vectors: Matrix) -> None:
    size = Settings().write_rows
    for start in range(0, len(vectors), size):
        group = vectors[start : start + size]
        catalogue.write(
            name,
            [Row(f"{n}", f"https://photos.example/{n}.jpg", row, b"", {}, 1) for n, row in enumerate(group, start)],
        )


def _until_built(catalogue: Catalogue, name: str) -> None:
    while (index := catalogue.index(name)).status != "built":
        if index.status == "error":
            raise SystemExit(f"The index was not built: {index.reason}")
        time.sleep(0.1)


def _timed(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


@dataclass(frozen=True)
class _Part:
    """A folder of rows that the engine wrote at once: blocks from first to last, merged and mutated so often."""

    path: Path
    first: int
    last: int
    age: tuple[int, int]

    def replaces(self, other: "_Part") -> bool:
        is_same_table = self.path.parent == other.path.parent
        return is_same_table and self.first <= other.first and self.last >= other.last and self.age > other.age


_PART = re.compile(r"all_(\d+)_(\d+)_(\d+)(?:_(\d+))?")


def stored_bytes(folder: Path) -> tuple[int, int]:
    """Bytes on disk of rows and of indexes. Parts that others have replaced do not count: the engine keeps them for
    some minutes more."""
    parts = [
        _Part(path, int(match[1]), int(match[2]), (int(match[3]), int(match[4] or 0)))
        for path in folder.rglob("all_*")
        if (match := _PART.fullmatch(path.name))
    ]
    live = [part for part in parts if not any(other.replaces(part) for other in parts)]
    files = [file for part in live for file in part.path.rglob("*") if file.is_file()]
    index = sum(file.stat().st_size for file in files if file.name.startswith("skp_idx_"))
    return sum(file.stat().st_size for file in files) - index, index


def _server_megabytes(folder: str) -> float:
    """Memory of the server that keeps its data there, resident, in MB of 10^6 bytes."""
    every = psutil.process_iter(["cmdline"])
    servers = [process for process in every if any(folder in word for word in process.info["cmdline"] or ())]
    return sum(server.memory_info().rss for server in servers) / 1e6


def _print(stored: Sequence[Stored], speeds: Sequence[Speed]) -> None:
    header = ["", "rows", "to write or build, s", "rows/s", "bytes per row", "server's memory, MB"]
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
    parser = arguments_of("benchmarks.catalogue", __doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[25_000, 150_000, 1_000_000], help="rows")
    parser.add_argument("--most-indexed", type=int, default=150_000, help="beyond so many rows nothing is indexed")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--queries", type=int, default=200, help="of each kind")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    return parser.parse_args()


if __name__ == "__main__":
    main()
