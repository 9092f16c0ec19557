"""The ledger of search jobs: create, begin, answer, and ring again for those nobody works on."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import redis

from shared.errors import LichtbildError
from shared.ledger import keys, scripts
from shared.queries import Query
from shared.settings import Settings

# A search is rung for again if no worker began it within this time, or began and did not answer within it twice over.
_RING_AGAIN_MS = 3_000
_ANSWER_MS = 10_000


@dataclass(frozen=True)
class Begun:
    """A search in a worker's hands. `images` holds the uploaded bytes by term index."""

    job_id: str
    query: Query
    images: Mapping[int, bytes]
    waited_ms: float


class SearchLedger:
    """Every step is atomic and may be repeated."""

    def __init__(self, connection: "redis.Redis", settings: Settings) -> None:
        self._redis = connection
        self._settings = settings
        self._begin = scripts.script(connection, "begin_search")
        self._overdue = scripts.script(connection, "overdue_searches")
        self._finish = scripts.finish(connection)

    def create(self, query: Query, images: Mapping[int, bytes]) -> str:
        """Record a search; `images` holds uploaded bytes by term index. Return the job's id."""
        job_id = secrets.token_hex(10)
        keep = self._settings.search_retention_seconds + round(self._settings.search_timeout_seconds) + 1
        seconds, micros = self._redis.time()
        now = seconds * 1000 + micros // 1000
        fields: dict[Any, Any] = {
            "id": job_id,
            "kind": "search",
            "status": "queued",
            "collection": query.collection,
            "created": now,
            "query": query.to_json(),
        }
        with self._redis.pipeline() as pipeline:
            pipeline.hset(keys.job(job_id), mapping=fields)
            pipeline.expire(keys.job(job_id), keep)
            for term, content in images.items():
                pipeline.set(keys.image(job_id, term), content, ex=keep)
            pipeline.zadd(keys.jobs("search"), {job_id: now})
            pipeline.zremrangebyscore(keys.jobs("search"), "-inf", now - keep * 1000)
            pipeline.zadd(keys.SEARCHES, {job_id: now + _RING_AGAIN_MS})
            pipeline.execute()
        return job_id

    def begin(self, job_id: str) -> Begun | None:
        """Take a search; None if it has ended. Two workers may both take it: the first answer counts."""
        found = self._begin(keys=[keys.job(job_id), keys.SEARCHES], args=[job_id, _ANSWER_MS, keys.CHANGES])
        if not found:
            return None
        query = Query.from_json(found[0])
        wanted = [index for index, term in enumerate(query.terms) if term.kind == "image"]
        contents = cast(list[bytes | None], self._redis.mget([keys.image(job_id, n) for n in wanted]) if wanted else [])
        images = {index: content or b"" for index, content in zip(wanted, contents, strict=True)}
        return Begun(job_id, query, images, float(found[1]))

    def forget_images(self, begun: Begun) -> None:
        """Drop the uploaded bytes, which are no longer needed once encoded."""
        if begun.images:
            self._redis.delete(*(keys.image(begun.job_id, index) for index in begun.images))

    def succeed(self, job_id: str, result: Mapping[str, Any]) -> None:
        self._end(job_id, "succeeded", "result", result)

    def fail(self, job_id: str, error: LichtbildError) -> None:
        self._end(job_id, "failed", "error", {"code": error.code, "detail": str(error)})

    def overdue(self) -> tuple[list[str], list[str]]:
        """Ids to ring for again, and ids that are past their deadline."""
        deadline = round(self._settings.search_timeout_seconds * 1000)
        ring, late = self._overdue(keys=[keys.SEARCHES], args=[keys.PREFIX, _RING_AGAIN_MS, deadline])
        return [job.decode() for job in ring], [job.decode() for job in late]

    def _end(self, job_id: str, status: str, field: str, value: Mapping[str, Any]) -> None:
        retention = self._settings.search_retention_seconds
        self._finish(job_id, status, field=field, value=json.dumps(value), retention=retention, images=16)
