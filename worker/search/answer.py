"""Answer searches: embed the terms, fuse them, ask the catalogue, record the hits."""

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from redis.exceptions import RedisError

from shared.catalogue.interface import Catalogue, Hit, Vector
from shared.domain.filters import parse
from shared.doorbell import Doorbell
from shared.errors import ItemError, LichtbildError, ModelMismatchError, UnavailableError
from shared.ledger.jobs import Jobs
from shared.ledger.search import SearchClaim, SearchLedger
from worker.search.collection_cache import Facts, KnownCollections
from worker.search.deferred import Parking
from worker.search.fusion import effective_weights, fuse
from worker.search.paging import Group, page
from worker.search.terms import Terms

log = logging.getLogger(__name__)

# Searches under way in one worker: enough to fill the model's batches while the catalogue answers others.
_SIDE_BY_SIDE = 64
# Of what waits, so much is claimed at a time, so that another worker gets its share.
_TAKEN_AT_ONCE = 32


class Search:
    """The parts that a search passes through. Searches are answered side by side in several threads."""

    def __init__(
        self,
        ledger: SearchLedger,
        jobs: Jobs,
        doorbell: Doorbell,
        catalogue: Catalogue,
        terms: Terms,
    ) -> None:
        self._ledger = ledger
        self._doorbell = doorbell
        self._catalogue = catalogue
        self._encoder = terms.encoder
        self._terms = terms
        self._collections = KnownCollections(catalogue)
        self._parking = Parking(jobs, ledger, self._begin_again)
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="search")
        self._lock = threading.Lock()
        self._room = _SIDE_BY_SIDE
        self._more_wait = False
        self._closed = False

    def answer_bell(self) -> None:
        """Take what waits, as far as there is room, and answer it in other threads; whoever is done takes more."""
        with self._lock:
            most = min(self._room, _TAKEN_AT_ONCE)
            if self._closed or most <= 0:
                self._more_wait = True
                return
            self._room -= most
            # From here on: a bell that finds no room while this one takes must not be forgotten.
            self._more_wait = False
        claimed = None
        try:
            claimed = self._ledger.claim(most)
        finally:
            with self._lock:
                self._room += most - (len(claimed.searches) if claimed else 0)
                self._more_wait = self._more_wait or claimed is None or claimed.more
        for claim in claimed.searches:
            self._pool.submit(self._answer, claim, time.monotonic() + claim.left_ms / 1000)
        if claimed.more:
            self._doorbell.ring_search()
        for job_id in claimed.late:
            self._ledger.fail(job_id, ItemError("timeout", "All workers were busy until the deadline; try again."))

    def close(self) -> None:
        """Answer what was claimed, and hand what is parked to others."""
        with self._lock:
            self._closed = True
        try:
            self._parking.close()
        except RedisError as error:
            log.warning("Redis is away (%s); parked searches are claimed again later.", type(error).__name__)
        self._pool.shutdown()
        self._collections.close()

    def _begin_again(self, claim: SearchClaim, deadline: float, parked: float) -> None:
        """The job that a parked search waited for has ended. It comes on top of those that have room."""
        with self._lock:
            self._room -= 1
        self._pool.submit(self._answer, claim, deadline, parked)

    def _answer(self, claim: SearchClaim, deadline: float, parked: float = 0.0) -> None:
        try:
            self._do(claim, deadline, parked)
        except (RedisError, UnavailableError) as error:
            # A fault of our own parts: the search is claimed again after a while.
            told = error if isinstance(error, UnavailableError) else type(error).__name__
            log.warning("Search %s waits: %s", claim.job_id, told)
        except Exception:
            log.exception("Search %s failed unexpectedly.", claim.job_id)
        finally:
            self._take_more()

    def _take_more(self) -> None:
        with self._lock:
            self._room += 1
            wanted = self._more_wait and self._room >= _SIDE_BY_SIDE - _TAKEN_AT_ONCE
        if wanted:
            try:
                self.answer_bell()
            except (RedisError, UnavailableError) as error:
                log.warning("Redis is away (%s).", type(error).__name__)

    def _do(self, claim: SearchClaim, deadline: float, parked: float) -> None:
        """Do one search. A fault of the query ends it; a fault of our own leaves it for another attempt."""
        try:
            if not parked and not self._parking.has_ended(claim):
                self._parking.park(claim, deadline)
                return
            result = self._result(claim, deadline)
            if claim.query.after_job is not None:
                result["took_ms"]["after_job"] = round(parked * 1000, 1)
            self._ledger.complete(claim.job_id, result)
        except UnavailableError:
            self._collections.forget(claim.query.collection)
            raise
        except LichtbildError as error:
            self._ledger.fail(claim.job_id, error)

    def _result(self, claim: SearchClaim, deadline: float) -> dict[str, Any]:
        query = claim.query
        started = time.perf_counter()
        # Looked at while the terms are encoded, if it is not known.
        facts = self._collections.facts(query.collection, claim.changes)
        vectors = self._terms.vectors(claim, deadline)
        self._ledger.drop_images(claim)
        weights = [term.weight for term in query.terms]
        vector = fuse(vectors, weights)
        encoded = time.perf_counter()
        _check_time(deadline)
        self._check_model(facts.result())
        groups = self._page(claim, vector)
        found = time.perf_counter()
        return {
            "hits": [_hit(group, vectors, include_embedding=query.include_embedding) for group in groups],
            "weights": effective_weights(weights),
            "model": self._encoder.name,
            "searchable_rows": facts.result().rows,
            "pending_rows": claim.pending_rows,
            "took_ms": {
                "queue": round(claim.waited_ms, 1),
                "encode": round((encoded - started) * 1000, 1),
                "search": round((found - encoded) * 1000, 1),
            },
        }

    def _page(self, claim: SearchClaim, vector: Vector) -> list[Group]:
        query = claim.query
        where = None if query.filter is None else parse(query.filter)
        groups = page(lambda limit: self._catalogue.search(query.collection, vector, limit, where, query.exact), query)
        if not groups:
            # It may have been dropped behind our back: the next search shall know.
            self._collections.forget(query.collection)
        return groups

    def _check_model(self, facts: Facts) -> None:
        found = facts.collection
        if (found.model, found.dimension) != (self._encoder.name, self._encoder.dimension):
            raise ModelMismatchError(
                f"Collection {found.name!r} holds vectors of {found.model}; "
                f"the search workers run {self._encoder.name}."
            )


def _check_time(deadline: float) -> None:
    if time.monotonic() >= deadline:
        raise ItemError("timeout", "The query was encoded too late to be searched for.")


def _hit(group: Group, vectors: list[Vector], *, include_embedding: bool) -> dict[str, Any]:
    """A hit as the contract shows it; `terms` is each term's own cosine similarity to the photo."""
    best = group.best
    similarities = np.stack(vectors) @ best.embedding / (np.linalg.norm(best.embedding) or 1.0)
    shown = _photo(best)
    shown["terms"] = [round(float(similarity), 6) for similarity in similarities]
    if group.similar:
        shown["similar"] = [_photo(hit) for hit in group.similar]
    if include_embedding:
        shown["embedding"] = best.embedding.tolist()
    return shown


def _photo(hit: Hit) -> dict[str, Any]:
    return {
        "photo_id": hit.photo.photo_id,
        "url": hit.photo.url,
        "distance": round(max(0.0, hit.distance), 6),
        "attributes": hit.photo.attributes,
    }
