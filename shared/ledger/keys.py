"""Every Redis key of the ledger, named in one place. The Lua scripts build the same names from `PREFIX`."""

import hashlib

PREFIX = "lichtbild:"

SEQUENCE = PREFIX + "sequence"  # STRING, number of submissions so far; gives each its version
ACTIVE = PREFIX + "active"  # LIST of ingest jobs that may have waiting chunks, in round-robin order
LEASES = PREFIX + "leases"  # ZSET "job chunk token" -> deadline in ms of Redis' clock
SEARCHES = PREFIX + "searches"  # ZSET unfinished search job -> when to ring for it again, in ms
WAITING_SEARCHES = PREFIX + "searches-waiting"  # LIST of searches that no worker has taken, oldest first
SEARCH_BELL = PREFIX + "search-bell"  # STRING with a short TTL: a bell was rung for what waits
CHANGES = PREFIX + "changes"  # CHANNEL, carries the id of each job that changed
RECONCILER = PREFIX + "reconciler:"  # STRING with a short TTL per queue: somebody is reconciling
GROWTH = PREFIX + "growth"  # STRING with a short TTL: somebody looks for collections that need an index
UNINDEXED = PREFIX + "unindexed"  # SET of collections whose index was dropped on purpose


def jobs(kind: str) -> str:
    """ZSET job id -> creation in ms, for listing."""
    return f"{PREFIX}jobs:{kind}"


def commands(kind: str) -> str:
    """ZSET unfinished order of this kind -> when it may be taken (again), in ms."""
    return f"{PREFIX}orders:{kind}"


def command_bell(kind: str) -> str:
    """LIST of at most one element: an order of this kind waits."""
    return f"{PREFIX}order-bell:{kind}"


def writers(collection: str) -> str:
    """ZSET job id -> version: the submissions that may still write to a collection."""
    return f"{PREFIX}writers:{collection}"


def collection_stats(collection: str) -> str:
    """HASH of a collection: `pending`, items of ingests that have not ended, and `changes`, settled chunks and
    deletions so far."""
    return f"{PREFIX}collection:{collection}"


def idempotency(key: str) -> str:
    """STRING "job fingerprint": the request that came with this key. Hashed, since clients choose the key."""
    return f"{PREFIX}idempotency:{hashlib.sha256(key.encode()).hexdigest()}"


def job(job_id: str) -> str:
    """HASH of the job's own fields and counts."""
    return f"{PREFIX}job:{job_id}"


def chunks(job_id: str) -> str:
    """HASH chunk number -> packed items; gone once settled."""
    return f"{job(job_id)}:chunks"


def waiting(job_id: str) -> str:
    """LIST of chunk numbers that nobody holds."""
    return f"{job(job_id)}:waiting"


def attempts(job_id: str) -> str:
    """HASH chunk number -> times it was claimed and neither settled nor handed back."""
    return f"{job(job_id)}:attempts"


def failures(job_id: str) -> str:
    """LIST of packed blocks of failed items, one block per settled chunk that had any."""
    return f"{job(job_id)}:failures"


def image(job_id: str, term: int) -> str:
    """STRING, the bytes of an uploaded query image."""
    return f"{job(job_id)}:image:{term}"


def worker(queue: str, name: str) -> str:
    """STRING with a short TTL: this worker is alive and its model is loaded."""
    return f"{PREFIX}worker:{queue}:{name}"
