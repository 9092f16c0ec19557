"""The terms of a query as unit vectors: texts and images by the model, stored photos from the catalogue."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from cachetools import LRUCache

from shared.catalogue.interface import Catalogue, Vector
from shared.domain.queries import Term
from shared.domain.search_results import TokensUsed
from shared.errors import ItemError
from shared.ledger.search import SearchClaim
from shared.settings import Settings
from worker.fetch.fetcher import Fetcher
from worker.images.decoder import decode, kept_pixels
from worker.model.batcher import Batcher
from worker.model.encoder import Encoder

# 16 MB of vectors of 512 dimensions, and their texts.
_CACHED_TEXTS = 8192
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class EncodedTerm:
    """A unit vector, float32 of the model's dimension; of a text also how much of it the model has read."""

    vector: Vector
    tokens: TokensUsed | None = None


class RecentTexts:
    """Cache of recent texts, by model name and text. Thread-safe."""

    def __init__(self, size: int = _CACHED_TEXTS) -> None:
        self._lock = threading.Lock()
        self._terms: LRUCache[tuple[str, str], EncodedTerm] = LRUCache(size)

    def get(self, model: str, text: str) -> EncodedTerm | None:
        with self._lock:
            return self._terms.get((model, text))

    def put(self, model: str, text: str, encoded: EncodedTerm) -> None:
        with self._lock:
            self._terms[model, text] = encoded


@dataclass(frozen=True)
class Terms:
    """Turns terms into vectors. `pool` runs those that download, decode or query the catalogue."""

    settings: Settings
    catalogue: Catalogue
    fetcher: Fetcher
    encoder: Encoder
    batcher: Batcher
    pool: ThreadPoolExecutor
    texts: RecentTexts

    def encode(self, claim: SearchClaim, deadline: float) -> list[EncodedTerm]:
        """All terms. They start together, so that they share a batch with each other and with other searches. Raises
        ItemError, `timeout` at the deadline (`time.monotonic`) among others, and UnavailableError.
        """
        return [result() for result in self._start_all(claim, deadline)]

    def outcomes(self, claim: SearchClaim, deadline: float) -> list[EncodedTerm | ItemError]:
        """Like `encode`, but a term that fails gives its error and does not affect the others."""
        return [_outcome(result) for result in self._start_all(claim, deadline)]

    def _start_all(self, claim: SearchClaim, deadline: float) -> list[Callable[[], EncodedTerm]]:
        """Start each term; return what waits for its result."""
        return [self._start(claim, index, term, deadline) for index, term in enumerate(claim.query.terms)]

    def _start(self, claim: SearchClaim, index: int, term: Term, deadline: float) -> Callable[[], EncodedTerm]:
        if term.kind == "text":
            return self._start_text(term.value, deadline)
        future = self.pool.submit(self._vector, claim, index, term, deadline)
        return lambda: EncodedTerm(_result(future, deadline))

    def _start_text(self, text: str, deadline: float) -> Callable[[], EncodedTerm]:
        cached = self.texts.get(self.encoder.name, text)
        if cached is not None:
            return lambda: cached
        future = self.batcher.submit_text(text, deadline=deadline)

        def result() -> EncodedTerm:
            encoded = EncodedTerm(_result(future, deadline).vector, self._tokens(text))
            self.texts.put(self.encoder.name, text, encoded)
            return encoded

        return result

    def _tokens(self, text: str) -> TokensUsed:
        count = self.encoder.count_tokens(text)
        return TokensUsed(min(count, self.encoder.max_tokens), count)

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


def _outcome(result: Callable[[], EncodedTerm]) -> EncodedTerm | ItemError:
    try:
        return result()
    except ItemError as error:
        return error


def _result(future: "Future[Found]", deadline: float) -> Found:
    try:
        return future.result(max(0.0, deadline - time.monotonic()))
    except TimeoutError:
        future.cancel()
        raise ItemError("timeout", "The query was not encoded before its deadline; try again.") from None
