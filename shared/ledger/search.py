"""The ledger of search jobs: a queue of what waits, what was taken, and what nobody works on."""

import json
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import redis

from shared.domain.queries import Query
from shared.errors import LichtbildError, SearchesFullError
from shared.ledger import keys, scripts
from shared.settings import Settings

# A search is rung for again if no worker took it within this time, and given to another worker if the one that took it
# neither answered nor said within the other that it is still at it.
_RING_AGAIN_MS = 3_000
_ANSWER_MS = 10_000
# While a bell is on its way, what is created does not ring another one. A worker that hears it takes all that waits.
_BELL_MS = 500


@dataclass(frozen=True)
class Enqueued:
    """A search in the queue, and whether a bell must be rung for it: if not, one is on its way."""

    job_id: str
    must_ring: bool


@dataclass(frozen=True)
class SearchClaim:
    """A search in a worker's hands. `images` holds the uploaded bytes by term index.

    Its deadline is in `left_ms`. `pending_rows` are the items of ingests into its collection that had not ended when it
    was taken, `changes` the number of changes of the collection until then.
    """

    job_id: str
    query: Query
    images: Mapping[int, bytes]
    waited_ms: float
    left_ms: float
    pending_rows: int
    changes: int


@dataclass(frozen=True)
class ClaimedSearches:
    """Searches in a worker's hands, ids of those that came too late, and whether more wait."""

    searches: list[SearchClaim]
    late: list[str]
    more: bool


class SearchLedger:
    """Every step is atomic and may be repeated."""

    def __init__(self, connection: "redis.Redis", settings: Settings) -> None:
        self._redis = connection
        self._settings = settings
        self._enqueue = scripts.script(connection, "enqueue_search")
        self._claim = scripts.script(connection, "claim_searches")
        self._overdue = scripts.script(connection, "overdue_searches")
        self._finish = scripts.finish(connection)

    def enqueue(self, query: Query, images: Mapping[int, bytes], timeout_ms: int | None = None) -> Enqueued:
        """Queue a search; `images` holds uploaded bytes by term index. Raises SearchesFullError if too many wait
        already.
        """
        job_id = secrets.token_hex(10)
        timeout_ms = timeout_ms or round(self._settings.search_timeout_seconds * 1000)
        keep = self._settings.search_retention_seconds + math.ceil(timeout_ms / 1000) + 1
        for term, content in images.items():
            self._redis.set(keys.image(job_id, term), content, ex=keep)
        names = [keys.job(job_id), keys.jobs("search"), keys.SEARCHES, keys.WAITING_SEARCHES, keys.SEARCH_BELL]
        limits = [keep, _RING_AGAIN_MS, self._settings.max_waiting_searches, _BELL_MS]
        said, number = self._enqueue(
            keys=names, args=[job_id, query.collection, query.to_json(), timeout_ms, *limits, keys.PREFIX]
        )
        if said == b"full":
            self._forget(job_id, images)
            raise SearchesFullError(self._settings.max_waiting_searches, number / 1000)
        return Enqueued(job_id, bool(number))

    def claim(self, most: int) -> ClaimedSearches:
        """Take what waits, oldest first, so many at most. Two workers may get the same search if the first is slow: its
        first answer counts.
        """
        names = [keys.WAITING_SEARCHES, keys.SEARCHES, keys.SEARCH_BELL]
        taken, late, more = self._claim(keys=names, args=[keys.PREFIX, _ANSWER_MS, most])
        return ClaimedSearches([self._claim_of(fields) for fields in taken], [job.decode() for job in late], bool(more))

    def extend(self, claim: SearchClaim) -> None:
        """Keep others from taking a search that takes long."""
        seconds, micros = self._redis.time()
        self._redis.zadd(keys.SEARCHES, {claim.job_id: seconds * 1000 + micros // 1000 + _ANSWER_MS}, xx=True)

    def release(self, claim: SearchClaim) -> None:
        """Let another worker take it."""
        with self._redis.pipeline() as pipeline:
            pipeline.hset(keys.job(claim.job_id), "status", "queued")
            pipeline.lpush(keys.WAITING_SEARCHES, claim.job_id)
            pipeline.execute()

    def drop_images(self, claim: SearchClaim) -> None:
        """Drop the uploaded bytes, which are no longer needed once encoded."""
        self._forget(claim.job_id, claim.images)

    def complete(self, job_id: str, result: Mapping[str, Any]) -> None:
        self._end(job_id, "succeeded", "result", result)

    def fail(self, job_id: str, error: LichtbildError) -> None:
        self._end(job_id, "failed", "error", {"code": error.code, "detail": str(error)})

    def overdue(self) -> tuple[bool, list[str]]:
        """Whether a bell must be rung for what waits, and ids that are past their deadline."""
        ring, late = self._overdue(keys=[keys.SEARCHES, keys.WAITING_SEARCHES], args=[keys.PREFIX, _RING_AGAIN_MS])
        return bool(ring), [job.decode() for job in late]

    def _claim_of(self, fields: Sequence[Any]) -> SearchClaim:
        job, query, waited, left, pending, changes = fields
        job_id, parsed = job.decode(), Query.from_json(query)
        wanted = [index for index, term in enumerate(parsed.terms) if term.kind == "image"]
        contents = cast(list[bytes | None], self._redis.mget([keys.image(job_id, n) for n in wanted]) if wanted else [])
        images = {index: content or b"" for index, content in zip(wanted, contents, strict=True)}
        return SearchClaim(job_id, parsed, images, float(waited), float(left), max(0, int(pending)), int(changes))

    def _forget(self, job_id: str, images: Mapping[int, bytes]) -> None:
        if images:
            self._redis.delete(*(keys.image(job_id, index) for index in images))

    def _end(self, job_id: str, status: str, field: str, value: Mapping[str, Any]) -> None:
        retention = self._settings.search_retention_seconds
        self._finish(job_id, status, field=field, value=json.dumps(value), retention=retention, images=16)
