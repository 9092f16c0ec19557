"""The amount of waiting work, over all jobs."""

from dataclasses import dataclass

import redis

from shared.ledger import keys

_COUNTS = ["status", "total", "stored", "failed", "unchanged"]


@dataclass(frozen=True)
class Backlog:
    """`jobs`: unfinished ingest jobs; `items`: their unsettled items; `held`: their chunks that workers have claimed;
    `searches`: unanswered searches."""

    jobs: int
    items: int
    held: int
    searches: int


def read_backlog(connection: "redis.Redis") -> Backlog:
    """Two reads, not one atomic step, so the numbers may differ slightly in time. Paused jobs do not count."""
    with connection.pipeline(transaction=False) as pipeline:
        pipeline.lrange(keys.ACTIVE, 0, -1)
        pipeline.zrange(keys.LEASES, 0, -1)
        pipeline.zcard(keys.SEARCHES)
        waiting, leases, searches = pipeline.execute()
    jobs = {job.decode() for job in waiting} | {lease.decode().partition(" ")[0] for lease in leases}
    with connection.pipeline(transaction=False) as pipeline:
        for job in jobs:
            pipeline.hmget(keys.job(job), _COUNTS)
        pending = [_pending(*counts) for counts in pipeline.execute()]
    return Backlog(sum(items > 0 for items in pending), sum(pending), len(leases), searches)


def _pending(status: bytes | None, *counts: bytes | None) -> int:
    if status not in (b"queued", b"running"):
        return 0
    total, *settled = (int(count or 0) for count in counts)
    return total - sum(settled)
