"""Answer one search: embed its terms, fuse them, ask the catalogue, record the hits."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from shared.catalogue.interface import Catalogue, Hit, Vector
from shared.errors import ItemError, LichtbildError, ModelMismatchError, NotFoundError, UnavailableError
from shared.ledger.search import Begun, SearchLedger
from shared.queries import Term
from shared.settings import Settings
from worker.batcher import Batcher
from worker.decoder import decode, kept_pixels
from worker.encoder import Encoder
from worker.fetcher import Fetcher
from worker.fusion import fuse

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Search:
    """The parts that a search passes through. Searches are answered side by side in several threads."""

    settings: Settings
    ledger: SearchLedger
    catalogue: Catalogue
    fetcher: Fetcher
    encoder: Encoder
    batcher: Batcher
    pool: ThreadPoolExecutor

    def answer_bell(self, job_id: str) -> None:
        """Do one search. A fault of the query ends it; a fault of our own leaves it to be rung for again."""
        begun = self.ledger.begin(job_id)
        if begun is None:
            return
        try:
            self.ledger.succeed(job_id, self._result(begun))
        except UnavailableError as error:
            log.warning("Search %s waits: %s", job_id, error)
        except LichtbildError as error:
            self.ledger.fail(job_id, error)

    def _result(self, begun: Begun) -> dict[str, Any]:
        query = begun.query
        self._check(query.collection)
        started = time.perf_counter()
        vectors = self._vectors(begun)
        self.ledger.forget_images(begun)
        vector = fuse(vectors, [term.weight for term in query.terms])
        encoded = time.perf_counter()
        hits = self.catalogue.search(query.collection, vector, query.top_k)
        found = time.perf_counter()
        return {
            "hits": [_hit(hit, vectors) for hit in hits],
            "model": self.encoder.name,
            "searchable_rows": self.catalogue.count(query.collection),
            "took_ms": {
                "queue": round(begun.waited_ms, 1),
                "encode": round((encoded - started) * 1000, 1),
                "search": round((found - encoded) * 1000, 1),
            },
        }

    def _check(self, name: str) -> None:
        collection = self.catalogue.describe(name)
        if collection is None:
            raise NotFoundError(f"There is no collection {name!r} yet; ingest some images first.")
        if (collection.model, collection.dimension) != (self.encoder.name, self.encoder.dimension):
            raise ModelMismatchError(
                f"Collection {name!r} holds vectors of {collection.model}; the search workers run {self.encoder.name}."
            )

    def _vectors(self, begun: Begun) -> list[Vector]:
        """Embed all terms at once, so that they share a batch with each other and with other searches."""
        started = [self.pool.submit(self._term, begun, index, term) for index, term in enumerate(begun.query.terms)]
        return [future.result() for future in started]

    def _term(self, begun: Begun, index: int, term: Term) -> Vector:
        deadline = time.monotonic() + self.settings.search_timeout_seconds - begun.waited_ms / 1000
        if term.kind == "text":
            return self.batcher.submit_text(term.value, deadline=deadline).result().vector
        if term.kind == "photo_id":
            return self._stored(begun.query.collection, term.value)
        content = begun.images[index] if term.kind == "image" else self.fetcher.fetch(term.value)
        shortest = kept_pixels(self.settings, self.encoder.edge)
        pixels = self.encoder.prepare(decode(content, self.settings.max_image_pixels, shortest))
        return self.batcher.submit_image(pixels, is_query=True, deadline=deadline).result().vector

    def _stored(self, collection: str, photo_id: str) -> Vector:
        photo = self.catalogue.get(collection, photo_id)
        if photo is None or photo.embedding is None:
            raise ItemError("photo_not_found", f"There is no photo {photo_id!r} in {collection!r}.")
        return photo.embedding


def _hit(hit: Hit, vectors: list[Vector]) -> dict[str, Any]:
    """A hit as the contract shows it; `terms` is each term's own cosine similarity to the photo."""
    similarities = np.stack(vectors) @ hit.embedding / (np.linalg.norm(hit.embedding) or 1.0)
    return {
        "photo_id": hit.photo.photo_id,
        "url": hit.photo.url,
        "distance": round(max(0.0, hit.distance), 6),
        "attributes": hit.photo.attributes,
        "terms": [round(float(similarity), 6) for similarity in similarities],
    }
