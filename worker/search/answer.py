"""Answer searches: claim them, embed and fuse their terms, query the catalogue, record the hits."""

import logging
import time
from concurrent.futures import ThreadPoolExecutor

from redis.exceptions import RedisError

from shared.catalogue.interface import Catalogue, Vector
from shared.domain.answer_json import to_json
from shared.domain.filters import parse
from shared.domain.search_results import EmbeddingResult, SearchResult, SearchTimes
from shared.doorbell import Doorbell
from shared.errors import ItemError, LichtbildError, ModelMismatchError, UnavailableError
from shared.ledger.jobs import Jobs
from shared.ledger.search import ClaimedSearches, SearchClaim, SearchLedger
from shared.ledger.watcher import Watcher
from worker.search.collection_cache import CollectionCache, CollectionFacts
from worker.search.deferred import DeferredSearches
from worker.search.embeddings import embed
from worker.search.fusion import effective_weights, fuse
from worker.search.hits import hit_of
from worker.search.paging import Group, page
from worker.search.slots import Slots
from worker.search.terms import Terms

log = logging.getLogger(__name__)

# Searches in progress per worker: enough to fill the model's batches while the catalogue answers others.
_THREADS = 64
# Maximum searches per claim.
_CLAIM_LIMIT = 32


class Search:
    """Each search is answered in a thread of its own, so that concurrent searches share batches of the model."""

    def __init__(
        self,
        ledger: SearchLedger,
        jobs: Jobs,
        watcher: Watcher,
        doorbell: Doorbell,
        *,
        catalogue: Catalogue,
        terms: Terms,
    ) -> None:
        self._ledger = ledger
        self._doorbell = doorbell
        self._catalogue = catalogue
        self._encoder = terms.encoder
        self._terms = terms
        self._collections = CollectionCache(catalogue)
        self._deferred = DeferredSearches(jobs, watcher, ledger, self._resume)
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="search")
        self._slots = Slots(_THREADS, _CLAIM_LIMIT)

    def answer_bell(self) -> None:
        """Claim waiting searches and answer them in the pool. Raises RedisError and UnavailableError."""
        reserved = self._slots.reserve()
        if not reserved:
            return
        claimed = ClaimedSearches([], [], more=True)  # applies if Redis does not answer
        try:
            claimed = self._ledger.claim(reserved)
        finally:
            self._slots.confirm(reserved, len(claimed.searches), more_wait=claimed.more)
        for claim in claimed.searches:
            self._pool.submit(self._run, claim, time.monotonic() + claim.left_ms / 1000)
        if claimed.more:
            self._doorbell.ring_search()
        for job_id in claimed.late:
            self._ledger.fail(job_id, ItemError("timeout", "All workers were busy until the deadline; try again."))

    def close(self) -> None:
        """Release deferred searches to other workers; return when those in progress are answered."""
        self._slots.close()
        try:
            self._deferred.close()
        except RedisError as error:
            log.warning("Redis is unavailable (%s); the claims of deferred searches expire.", type(error).__name__)
        self._pool.shutdown()
        self._collections.close()

    def _run(self, claim: SearchClaim, deadline: float, waited_seconds: float | None = None) -> None:
        """Answer one search in a thread of the pool, then claim more if searches wait.

        `deadline` is in `time.monotonic`. `waited_seconds` is set when a deferred search is resumed.
        """
        try:
            self._answer(claim, deadline, waited_seconds)
        except (RedisError, UnavailableError) as error:
            # A fault of our own services: the claim expires and the search is answered later.
            reason = error if isinstance(error, UnavailableError) else type(error).__name__
            log.warning("%s postponed: %s", claim.log_name, reason)
        except Exception:
            log.exception("%s failed unexpectedly.", claim.log_name)
        finally:
            if self._slots.release():
                self._claim_more()

    def _answer(self, claim: SearchClaim, deadline: float, waited_seconds: float | None) -> None:
        """Record hits or the error of the query. Raises UnavailableError and RedisError: the search can be repeated."""
        try:
            if waited_seconds is None and self._deferred.defer(claim, deadline):
                return
            if waited_seconds is not None:
                claim = self._ledger.refresh(claim)
            if claim.kind == "embed":
                result: SearchResult | EmbeddingResult = embed(self._terms, claim, deadline)
            else:
                result = self._result(claim, deadline, waited_seconds or 0.0)
            self._ledger.complete(claim.job_id, to_json(result))
        except UnavailableError:
            self._collections.forget(claim.query.collection)
            raise
        except LichtbildError as error:
            self._ledger.fail(claim.job_id, error)

    def _result(self, claim: SearchClaim, deadline: float, waited_seconds: float) -> SearchResult:
        query = claim.query
        weights = [term.weight for term in query.terms]
        started = time.perf_counter()
        # On a cache miss the catalogue is queried while the terms are encoded.
        facts = self._collections.facts(query.collection, claim.changes)
        encoded_terms = self._terms.encode(claim, deadline)
        vectors = [term.vector for term in encoded_terms]
        self._ledger.drop_images(claim)
        vector = fuse(vectors, weights)
        encoded = time.perf_counter()
        if time.monotonic() >= deadline:
            raise ItemError("timeout", "The query was encoded after its deadline; try again.")
        self._check_model(facts.result())
        groups = self._groups(claim, vector)
        found = time.perf_counter()
        return SearchResult(
            hits=[hit_of(group, vectors, include_embedding=query.include_embedding) for group in groups],
            weights=effective_weights(weights),
            model=self._encoder.name,
            searchable_photos=facts.result().rows,
            pending_photos=claim.pending_photos,
            took_ms=SearchTimes(
                queue=round(claim.waited_ms, 1),
                encode=round((encoded - started) * 1000, 1),
                search=round((found - encoded) * 1000, 1),
                after_job=None if query.after_job is None else round(waited_seconds * 1000, 1),
            ),
            tokens=[term.tokens for term in encoded_terms],
        )

    def _groups(self, claim: SearchClaim, vector: Vector) -> list[Group]:
        query = claim.query
        where = None if query.filter is None else parse(query.filter)
        groups = page(lambda limit: self._catalogue.search(query.collection, vector, limit, where, query.exact), query)
        if not groups:
            # The collection may have been dropped by another client: the next search checks.
            self._collections.forget(query.collection)
        return groups

    def _check_model(self, facts: CollectionFacts) -> None:
        found = facts.collection
        if (found.model, found.dimension) != (self._encoder.name, self._encoder.dimension):
            raise ModelMismatchError(
                f"Collection {found.name!r} holds vectors of {found.model}; "
                f"the search workers run {self._encoder.name}."
            )

    def _resume(self, claim: SearchClaim, deadline: float, waited_seconds: float) -> None:
        """The job that a deferred search waited for has ended."""
        self._slots.occupy()
        self._pool.submit(self._run, claim, deadline, waited_seconds)

    def _claim_more(self) -> None:
        try:
            self.answer_bell()
        except (RedisError, UnavailableError) as error:
            log.warning("Redis is unavailable (%s).", type(error).__name__)
