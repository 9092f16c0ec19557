"""The terms of a query as unit vectors: texts and images by the model, stored photos from the catalogue."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import cast

from cachetools import LRUCache

from shared.catalogue.interface import Catalogue, Vector
from shared.domain.queries import Term
from shared.errors import ItemError
from shared.ledger.search import SearchClaim
from shared.settings import Settings
from worker.fetch.fetcher import Fetcher
from worker.images.decoder import decode, kept_pixels
from worker.model.batcher import Batcher, Encoded
from worker.model.encoder import Encoder

# 16 MB of vectors of 512 dimensions, and their texts.
_CACHED_TEXTS = 8192


class TextVectors:
    """Cache of the vectors of recent texts, by model name and text. Thread-safe."""

    def __init__(self, size: int = _CACHED_TEXTS) -> None:
        self._lock = threading.Lock()
        self._vectors: LRUCache[tuple[str, str], Vector] = LRUCache(size)

    def get(self, model: str, text: str) -> Vector | None:
        with self._lock:
            return self._vectors.get((model, text))

    def put(self, model: str, text: str, vector: Vector) -> None:
        with self._lock:
            self._vectors[model, text] = vector


@dataclass(frozen=True)
class Terms:
    """Turns terms into vectors. `pool` runs those that download, decode or query the catalogue."""

    settings: Settings
    catalogue: Catalogue
    fetcher: Fetcher
    encoder: Encoder
    batcher: Batcher
    pool: ThreadPoolExecutor
    texts: TextVectors

    def vectors(self, claim: SearchClaim, deadline: float) -> list[Vector]:
        """A unit vector (float32, the model's dimension) per term. All terms start together, so that they share a batch
        with each other and with other searches. Raises ItemError, `timeout` at the deadline (`time.monotonic`) among
        others, and UnavailableError.
        """
        started = [self._start(claim, index, term, deadline) for index, term in enumerate(claim.query.terms)]
        vectors = [_result(future, deadline) for future in started]
        for term, vector in zip(claim.query.terms, vectors, strict=True):
            if term.kind == "text":
                self.texts.put(self.encoder.name, term.value, vector)
        return vectors

    def _start(self, claim: SearchClaim, index: int, term: Term, deadline: float) -> "Future[Vector | Encoded]":
        if term.kind != "text":
            return cast("Future[Vector | Encoded]", self.pool.submit(self._vector, claim, index, term, deadline))
        cached = self.texts.get(self.encoder.name, term.value)
        if cached is not None:
            done: Future[Vector | Encoded] = Future()
            done.set_result(cached)
            return done
        return cast("Future[Vector | Encoded]", self.batcher.submit_text(term.value, deadline=deadline))

    def _vector(self, claim: SearchClaim, index: int, term: Term, deadline: float) -> Vector:
        """The vector of an image or a stored photo; runs in the pool."""
        if term.kind == "photo_id":
            return self._stored(claim.query.collection, term.value)
        content = claim.images[index] if term.kind == "image" else self.fetcher.fetch(term.value)
        shortest = kept_pixels(self.settings, self.encoder.edge)
        pixels = self.encoder.prepare(decode(content, self.settings.max_image_pixels, shortest))
        return self.batcher.submit_image(pixels, is_query=True, deadline=deadline).result().vector

    def _stored(self, collection: str, photo_id: str) -> Vector:
        photo = self.catalogue.get(collection, photo_id)
        if photo is None or photo.embedding is None:
            raise ItemError("photo_not_found", f"There is no photo {photo_id!r} in {collection!r}.")
        return photo.embedding


def _result(future: "Future[Vector | Encoded]", deadline: float) -> Vector:
    try:
        found = future.result(max(0.0, deadline - time.monotonic()))
        return found.vector if isinstance(found, Encoded) else found
    except TimeoutError:
        future.cancel()
        raise ItemError("timeout", "The query was not encoded before its deadline; try again.") from None
