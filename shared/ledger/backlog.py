"""The amount of waiting work, over all jobs."""

import redis

from shared.domain.readiness import Backlog
from shared.ledger import keys

_COUNTS = ["status", "total", "stored", "failed", "unchanged"]


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
