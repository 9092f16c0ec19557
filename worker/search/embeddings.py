"""The result of an embedding: a vector for each input, or why there is none."""

import time

from shared.domain.search_results import Embedding, EmbeddingResult, EmbeddingTimes, JobError
from shared.ledger.search import SearchClaim
from worker.search.terms import EncodedTerm, Terms


def embed(terms: Terms, claim: SearchClaim, deadline: float) -> EmbeddingResult:
    """Embed the inputs together with the terms of searches. Raises UnavailableError: the job can be repeated."""
    started = time.perf_counter()
    outcomes = terms.outcomes(claim, deadline)
    encode_ms = (time.perf_counter() - started) * 1000
    return EmbeddingResult(
        embeddings=[
            Embedding(outcome.vector.tolist(), None, outcome.tokens)
            if isinstance(outcome, EncodedTerm)
            else Embedding(None, JobError(outcome.code, str(outcome)))
            for outcome in outcomes
        ],
        model=terms.encoder.name,
        dimension=terms.encoder.dimension,
        took_ms=EmbeddingTimes(queue=round(claim.waited_ms, 1), encode=round(encode_ms, 1)),
    )
