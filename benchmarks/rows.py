"""Filling a collection of the catalogue with given vectors, and building its index."""

import time

from benchmarks.clip_like import Matrix
from shared.catalogue.interface import Catalogue, Row
from shared.settings import Settings


def write_vectors(catalogue: Catalogue, collection: str, vectors: Matrix) -> None:
    """Write row `n` for vector `n`, with the attribute `n`, in groups of the writer's size."""
    size = Settings().write_rows
    for start in range(0, len(vectors), size):
        group = enumerate(vectors[start : start + size], start)
        rows = [Row(f"{n}", f"https://photos.example/{n}.jpg", vector, b"", {"n": n}, 1) for n, vector in group]
        catalogue.write(collection, rows)


def build_index(catalogue: Catalogue, collection: str) -> None:
    """Start the build of the vector index and wait until it is built."""
    catalogue.build_index(collection)
    while (index := catalogue.index(collection)).status != "built":
        if index.status == "error":
            raise SystemExit(f"The index was not built: {index.reason}")
        time.sleep(0.1)
