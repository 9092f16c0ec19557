"""Every Redis key, lock and bell of ours, named in one place. The Lua scripts build the same names from `PREFIX`.

A name in Redis, its type and the fields of its hashes never change between two releases that run side by side: jobs
outlive an upgrade. So some names are older than the words the code uses for them: `orders:` are catalogue commands.
"""

import hashlib

PREFIX = "lichtbild:"

SEQUENCE = PREFIX + "sequence"  # STRING, number of submissions and commands so far: the version of the last one
ACTIVE = PREFIX + "active"  # LIST of ingest jobs with waiting chunks, in round-robin order
LEASES = PREFIX + "leases"  # ZSET "job chunk token" -> deadline in ms of Redis' clock
SEARCHES = PREFIX + "searches"  # ZSET unfinished search job -> time of the next check in ms
WAITING_SEARCHES = PREFIX + "searches-waiting"  # LIST of unclaimed searches, oldest first
SEARCH_BELL = PREFIX + "search-bell"  # STRING with a short TTL: a bell for the waiting searches is on its way
CHANGES = PREFIX + "changes"  # CHANNEL, carries the id of each job that changed
GROWTH = PREFIX + "growth"  # STRING with a short TTL, a lock: one worker checks which collections need an index
UNINDEXED = PREFIX + "unindexed"  # SET of collections whose index was dropped by an operator
DELIVERY_ORIGINS = PREFIX + "delivery-origins"  # ZSET server that webhooks wait for -> time of the next claim in ms
DELIVERIES_WAITING = PREFIX + "deliveries-waiting"  # STRING, number of webhooks that are neither delivered nor failed
WAITS_FOR = PREFIX + "waits-for"  # STRING with a short TTL, a sentence: why ingest workers cannot store at present
DELIVERY_BELL = PREFIX + "delivery-bell"  # LIST of at most one element: a webhook waits


def jobs(kind: str) -> str:
    """ZSET job id -> creation in ms, for listing."""
    return f"{PREFIX}jobs:{kind}"


def commands(kind: str) -> str:
    """ZSET unfinished catalogue command of this kind -> time in ms from which it may be claimed (again)."""
    return f"{PREFIX}orders:{kind}"


def command_bell(kind: str) -> str:
    """LIST of at most one element: a catalogue command of this kind waits."""
    return f"{PREFIX}order-bell:{kind}"


def writers(collection: str) -> str:
    """ZSET job id -> version: the submissions that may still write to a collection."""
    return f"{PREFIX}writers:{collection}"


def collection_stats(collection: str) -> str:
    """HASH of a collection: `pending`, unsettled items of unfinished ingests, `changes`, settled chunks and
    deletions so far, and `deleting`, the unfinished job that deletes it."""
    return f"{PREFIX}collection:{collection}"


def idempotency(key: str) -> str:
    """STRING "job fingerprint": the request that came with this key. Hashed, since clients choose the key."""
    return f"{PREFIX}idempotency:{hashlib.sha256(key.encode()).hexdigest()}"


def job(job_id: str) -> str:
    """HASH of the job's own fields and counts.

    `same_pictures.lua` makes two more names of it: `…:pictures` and `…:pictures-before`, HASHes of a running ingest,
    picture -> the first id that it came for.
    """
    return f"{PREFIX}job:{job_id}"


def chunks(job_id: str) -> str:
    """HASH chunk number -> packed items; removed when settled."""
    return f"{job(job_id)}:chunks"


def waiting(job_id: str) -> str:
    """LIST of unclaimed chunk numbers."""
    return f"{job(job_id)}:waiting"


def attempts(job_id: str) -> str:
    """HASH chunk number -> claims that were neither settled nor released; "excused NUMBER" -> lost workers that did not
    count."""
    return f"{job(job_id)}:attempts"


def in_model(process: str) -> str:
    """STRING with a TTL: what an ingest worker has in its model, `healthy` chunks or the "job chunk" of a suspect."""
    return f"{PREFIX}in-model:{process}"


def failures(job_id: str) -> str:
    """LIST of packed blocks of failed items, one block per settled chunk with failures."""
    return f"{job(job_id)}:failures"


def deliveries(job_id: str) -> str:
    """HASH of a job's webhooks: `url`, `count`, `waiting`; of webhook N `N:event`, `N:created`, `N:attempts`,
    `N:attempt:K`, until it is settled `N:job` (the job at that time as JSON), afterwards `N:status`."""
    return f"{job(job_id)}:deliveries"


def delivery_queue(origin: str) -> str:
    """ZSET "job number" of a webhook to this server -> time of the next attempt in ms."""
    return f"{PREFIX}deliveries:{origin}"


def delivery_lock(origin: str) -> str:
    """STRING with a short TTL: the token of the claim of a webhook to this server; empty while the server is paused."""
    return f"{PREFIX}delivery-lock:{origin}"


def image(job_id: str, term: int) -> str:
    """STRING, the bytes of an uploaded query image."""
    return f"{job(job_id)}:image:{term}"


def worker(queue: str, name: str) -> str:
    """STRING with a short TTL: this worker is alive and its model is loaded."""
    return f"{PREFIX}worker:{queue}:{name}"


def reconciler(queue: str) -> str:
    """STRING with a short TTL, a lock: one worker of this queue reconciles."""
    return f"{PREFIX}reconciler:{queue}"
