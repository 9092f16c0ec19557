"""The ledger of search jobs: the queue of waiting searches, their claims, and those that lost their worker."""

import json
import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, cast

import redis

from shared.domain.callback import Callback
from shared.domain.job_labels import JobLabels
from shared.domain.queries import MAX_INPUTS, Query
from shared.errors import LichtbildError, SearchesFullError
from shared.ledger import keys, scripts
from shared.ledger.callback_fields import callback_fields
from shared.ledger.job_fields import NO_LABELS, label_fields, present_fields
from shared.settings import Settings

# Ring again for a search that nobody has claimed after this time.
_RENOTIFY_MS = 3_000
# Give a search to another worker after this time without an answer or an extension.
_CLAIM_TTL_MS = 10_000
# One bell covers all searches that are queued in this time: the worker that answers it claims all that wait.
_BELL_MS = 500
SearchKind = Literal["search", "embed"]


@dataclass(frozen=True)
class Enqueued:
    """A queued search, and whether the caller must ring: if not, a bell is already on its way."""

    job_id: str
    must_ring: bool


@dataclass(frozen=True)
class SearchClaim:
    """A search claimed by a worker. `images` holds the uploaded bytes by term index.

    `waited_ms` is its time in the queue, `left_ms` the time to its deadline. `pending_photos` is the number of
    unsettled items of ingests into its collection, `changes` the number of changes of the collection; both as of the
    claim or of the last `refresh`.
    """

    job_id: str
    query: Query
    images: Mapping[int, bytes]
    waited_ms: float
    left_ms: float
    pending_photos: int
    changes: int
    request_id: str = ""
    kind: SearchKind = "search"

    @property
    def log_name(self) -> str:
        """What log lines call the search."""
        return f"Search {self.job_id}" + (f" (request {self.request_id})" if self.request_id else "")


@dataclass(frozen=True)
class ClaimedSearches:
    """The result of a claim: searches to answer, ids of those past their deadline, and whether more wait."""

    searches: list[SearchClaim]
    late: list[str]
    more: bool


class SearchLedger:
    """Every step is atomic and may be repeated. Every method raises RedisError."""

    def __init__(self, connection: "redis.Redis", settings: Settings) -> None:
        self._redis = connection
        self._settings = settings
        self._enqueue = scripts.script(connection, "enqueue_search")
        self._claim = scripts.script(connection, "claim_searches")
        self._overdue = scripts.script(connection, "overdue_searches")
        self._finish = scripts.finish(connection)

    def enqueue(
        self,
        query: Query,
        images: Mapping[int, bytes],
        timeout_ms: int | None = None,
        labels: JobLabels = NO_LABELS,
        *,
        callback: Callback | None = None,
        kind: SearchKind = "search",
        room: int = 1,
    ) -> Enqueued:
        """Queue a search; `images` holds the uploaded bytes by term index. Raises SearchesFullError if the queue has no
        room for `room` searches: the first one of a batch is given their number, the others 0.

        An embedding is queued like a search: its inputs are the terms of the query.
        """
        job_id = secrets.token_hex(10)
        timeout_ms = timeout_ms or round(self._settings.search_timeout_seconds * 1000)
        keep = self._settings.search_retention_seconds + math.ceil(timeout_ms / 1000) + 1
        for term, content in images.items():
            self._redis.set(keys.image(job_id, term), content, ex=keep)
        names = [keys.job(job_id), keys.jobs(kind), keys.SEARCHES, keys.WAITING_SEARCHES, keys.SEARCH_BELL]
        limits = [keep, _RENOTIFY_MS, self._settings.max_waiting_searches, room, _BELL_MS]
        arguments = [job_id, kind, query.collection, query.to_json(), timeout_ms, *limits, keys.PREFIX]
        fields = present_fields({**label_fields(labels), **callback_fields(callback)})
        verdict, number = self._enqueue(keys=names, args=[*arguments, *fields])
        if verdict == b"full":
            self._delete_images(job_id, images)
            raise SearchesFullError(self._settings.max_waiting_searches, number / 1000)
        return Enqueued(job_id, bool(number))

    def claim(self, limit: int) -> ClaimedSearches:
        """Claim up to `limit` waiting searches, oldest first. A slow worker's search may be claimed by a second one;
        the first answer counts.
        """
        names = [keys.WAITING_SEARCHES, keys.SEARCHES, keys.SEARCH_BELL]
        claimed, late, more = self._claim(keys=names, args=[keys.PREFIX, _CLAIM_TTL_MS, limit])
        return ClaimedSearches(
            [self._read_claim(fields) for fields in claimed], [job.decode() for job in late], bool(more)
        )

    def extend(self, claim: SearchClaim) -> None:
        """Keep the claim of a search that takes long."""
        seconds, micros = self._redis.time()
        self._redis.zadd(keys.SEARCHES, {claim.job_id: seconds * 1000 + micros // 1000 + _CLAIM_TTL_MS}, xx=True)

    def refresh(self, claim: SearchClaim) -> SearchClaim:
        """The claim with the present `pending_photos` and `changes` of its collection."""
        stats = self._redis.hmget(keys.collection_stats(claim.query.collection), ["pending", "changes"])
        pending, changes = (int(count or 0) for count in cast(list[bytes | None], stats))
        return replace(claim, pending_photos=max(0, pending), changes=changes)

    def release(self, claim: SearchClaim) -> None:
        """Return a search to the head of the queue, for another worker."""
        with self._redis.pipeline() as pipeline:
            pipeline.hset(keys.job(claim.job_id), "status", "queued")
            pipeline.lpush(keys.WAITING_SEARCHES, claim.job_id)
            pipeline.execute()

    def drop_images(self, claim: SearchClaim) -> None:
        """Delete the uploaded bytes, which are not needed once they are encoded."""
        self._delete_images(claim.job_id, claim.images)

    def complete(self, job_id: str, result: Mapping[str, Any]) -> None:
        """Record the result and wake the clients that wait. The first answer counts."""
        self._end(job_id, "succeeded", "result", result)

    def fail(self, job_id: str, error: LichtbildError) -> None:
        """Record why the search cannot be answered."""
        self._end(job_id, "failed", "error", {"code": error.code, "detail": str(error)})

    def overdue(self) -> tuple[bool, list[str]]:
        """Requeue searches that lost their worker. Return whether a bell must be rung, and ids past their deadline."""
        names = [keys.SEARCHES, keys.WAITING_SEARCHES]
        must_ring, late = self._overdue(keys=names, args=[keys.PREFIX, _RENOTIFY_MS])
        return bool(must_ring), [job.decode() for job in late]

    def _read_claim(self, fields: Sequence[Any]) -> SearchClaim:
        job, query, waited, left, pending, changes, request_id, kind = fields
        job_id, parsed = job.decode(), Query.from_json(query)
        uploaded = [index for index, term in enumerate(parsed.terms) if term.kind == "image"]
        names = [keys.image(job_id, index) for index in uploaded]
        contents = cast(list[bytes | None], self._redis.mget(names) if names else [])
        images = {index: content or b"" for index, content in zip(uploaded, contents, strict=True)}
        return SearchClaim(
            job_id,
            parsed,
            images,
            waited_ms=float(waited),
            left_ms=float(left),
            pending_photos=max(0, int(pending)),
            changes=int(changes),
            request_id=request_id.decode(),
            kind=kind.decode(),
        )

    def _delete_images(self, job_id: str, images: Mapping[int, bytes]) -> None:
        if images:
            self._redis.delete(*(keys.image(job_id, index) for index in images))

    def _end(self, job_id: str, status: str, field: str, value: Mapping[str, Any]) -> None:
        retention = self._settings.search_retention_seconds
        self._finish(job_id, status, field=field, value=json.dumps(value), retention=retention, images=MAX_INPUTS)
