"""Write `ledger.json`: a ledger as the code of commit 2452159 leaves it when a stack is stopped for an upgrade.

Run it in a checkout of that commit: `PYTHONPATH=CHECKOUT python write_ledger.py REDIS_URL ledger.json`; the Redis is
emptied first.
"""

import json
import sys
from pathlib import Path

from shared.doorbell import Doorbell, celery_app
from shared.items import Failure, Item, Outcome
from shared.ledger import keys
from shared.ledger.connection import connect
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from shared.ledger.orders import OrderLedger
from shared.ledger.presence import Presence
from shared.ledger.search import SearchLedger
from shared.queries import Query, Term
from shared.settings import Settings

READ = {
    b"string": lambda redis, name: redis.get(name),
    b"hash": lambda redis, name: sorted(redis.hgetall(name).items()),
    b"list": lambda redis, name: redis.lrange(name, 0, -1),
    b"set": lambda redis, name: sorted(redis.smembers(name)),
    b"zset": lambda redis, name: redis.zrange(name, 0, -1, withscores=True),
}


def main(url: str, path: str) -> None:
    settings = Settings(redis_url=url)
    redis = connect(settings)
    redis.flushall()
    jobs = {**write_ingests(redis, settings), **write_searches(redis, settings), **write_orders(redis, settings)}
    app = celery_app(settings)
    Presence(redis).announce("ingest", "old-worker", {"model": "m", "dimension": 4})
    Doorbell(app).ring_ingest()
    Doorbell(app).ring_search()
    seconds, micros = redis.time()
    dump = {
        name.decode("latin-1"): {"type": redis.type(name).decode(), "ttl_ms": redis.pttl(name)}
        | {"value": text(READ[redis.type(name)](redis, name))}
        for name in sorted(redis.scan_iter())
    }
    ledger = {"written_ms": seconds * 1000 + micros // 1000, "jobs": jobs, "keys": dump}
    Path(path).write_text(json.dumps(ledger, indent=1) + "\n")


def write_ingests(redis, settings) -> dict[str, str]:
    """A job in the middle of its work, one that is paused, and some that have ended; one worker is lost with each."""
    ledger, jobs = IngestLedger(redis, settings), Jobs(redis, settings)

    def submit(name: str, chunks: int, **options) -> str:
        submission = ledger.submission("photos")
        for chunk in range(chunks):
            submission.stage([Item(f"{name}-{chunk}-{n}", f"http://h/{chunk}/{n}", {"n": n}) for n in range(3)])
        return submission.submit(**options)

    def settle(claim, failed: int = 0, unchanged: int = 0) -> None:
        failures = [Failure(item, "http_404", "gone", 1) for item in claim.items[:failed]]
        stored = len(claim.items) - failed - unchanged
        ledger.settle(claim, Outcome(stored, unchanged, failures, 1000, {"fetch": 1.5, "encode": 0.5}))

    finished = submit("finished", 1, idempotency_key="key", fingerprint="f" * 64)
    settle(ledger.claim(), failed=1, unchanged=1)
    cancelled = submit("cancelled", 2)
    ledger.claim()
    jobs.cancel(cancelled)
    broken = submit("broken", 1)
    ledger.claim()
    ledger.fail_job(broken, "model_mismatch", "The collection holds another model's vectors.")
    paused = submit("paused", 3, max_failed_ratio=0.5)
    settle(ledger.claim())
    ledger.claim()
    jobs.pause(paused)
    half = submit("half", 5)
    settle(ledger.claim(), failed=2, unchanged=1)
    ledger.claim()
    ledger.split(ledger.claim())
    ledger.release(ledger.claim())
    queued = submit("queued", 1, parent=finished)
    trial = submit("trial", 1, preflight_of=25_000)
    abandoned = ledger.submission("photos")
    abandoned.stage([Item("never", "http://h/never", {})])
    return {
        "finished": finished,
        "cancelled": cancelled,
        "broken": broken,
        "paused": paused,
        "half": half,
        "queued": queued,
        "trial": trial,
    }


def write_searches(redis, settings) -> dict[str, str]:
    """One answered search, one claimed by a lost worker, one waiting."""
    ledger = SearchLedger(redis, settings)

    def create(*terms: Term, **options) -> str:
        return ledger.create(Query(terms, 5, "photos", **options), {0: b"\xff\xd8bytes"}).job_id

    answered = create(Term("text", "a dog"))
    ledger.take(1)
    hit = {"photo_id": "finished-0-2", "url": "http://h/0/2", "distance": 0.5, "attributes": {"n": 2}, "terms": [0.5]}
    took = {"queue": 0.5, "encode": 2.0, "search": 3.0}
    result = {"hits": [hit], "weights": [1.0], "model": "m", "searchable_rows": 2, "pending_rows": 0, "took_ms": took}
    ledger.succeed(answered, result)
    lost = create(Term("text", "a cat"), filter={"n": 1})
    ledger.take(1)
    waiting = create(Term("image", ""), Term("text", "at night", 0.5), max_distance=0.9)
    return {"answered": answered, "lost_search": lost, "waiting_search": waiting}


def write_orders(redis, settings) -> dict[str, str]:
    """A photo that is to be deleted, an index that is being built, and one that was dropped."""
    index = OrderLedger(redis, settings, "index")
    build = index.create("photos", "build")
    for order in index.take():
        index.begin(order)
    redis.sadd(keys.UNINDEXED, "other")
    return {"delete": OrderLedger(redis, settings, "delete").create("photos", "finished-0-2"), "build": build}


def text(value):
    """Bytes as latin-1, which JSON can carry, also inside of lists and pairs."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return [text(part) for part in value] if isinstance(value, list | tuple) else value


if __name__ == "__main__":
    main(*sys.argv[1:])
