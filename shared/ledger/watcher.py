"""Wait for jobs to change: one Redis subscription per process, however many threads wait."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

import redis

from shared.domain.job import Job
from shared.ledger import keys
from shared.ledger.jobs import Jobs

log = logging.getLogger(__name__)

# A connection can die unnoticed, so a waiting thread reads its job at this interval. Rare enough for hundreds of them.
_POLL_SECONDS = 10.0
# Pause before a broken subscription is renewed.
_RETRY_SECONDS = 0.5


class Watcher:
    """Wakes the threads that wait for a job, and no others. It subscribes when the first thread waits."""

    def __init__(self, connection: "redis.Redis", jobs: Jobs) -> None:
        self._redis = connection
        self._jobs = jobs
        self._lock = threading.Lock()
        self._events: defaultdict[str, set[threading.Event]] = defaultdict(set)
        self._listener: threading.Thread | None = None

    def wait(self, job_id: str, seconds: float, until: Callable[[Job], bool] = lambda job: job.is_final) -> Job:
        """Return the job as soon as `until` holds, or as it is after `seconds`. Raises NotFoundError and RedisError."""
        if seconds <= 0:
            return self._jobs.get(job_id)
        deadline = time.monotonic() + seconds
        changed = threading.Event()
        with self.watching([job_id], changed):
            while True:
                # Cleared before the job is read: a later change is not missed.
                changed.clear()
                job = self._jobs.get(job_id)
                left = deadline - time.monotonic()
                if until(job) or left <= 0:
                    return job
                changed.wait(min(left, _POLL_SECONDS))

    @contextmanager
    def watching(self, job_ids: Collection[str], changed: threading.Event) -> Iterator[None]:
        """Set `changed` whenever one of the jobs may have changed. Read the jobs inside of the block."""
        with self._lock:
            for job_id in job_ids:
                self._events[job_id].add(changed)
            if job_ids and self._listener is None:
                self._listener = threading.Thread(target=self._run, name="watcher", daemon=True)
                self._listener.start()
        try:
            yield
        finally:
            with self._lock:
                for job_id in job_ids:
                    self._events[job_id].discard(changed)
                    if not self._events[job_id]:
                        del self._events[job_id]

    def _run(self) -> None:
        """Listen for as long as the process lives."""
        logged = ""
        while True:
            try:
                self._listen()
            except Exception as error:  # Whatever the library raises, the answer is to subscribe again.
                if logged != type(error).__name__:
                    logged = type(error).__name__
                    log.warning("The subscription to job changes broke (%s); subscribing again.", logged)
            time.sleep(_RETRY_SECONDS)

    def _listen(self) -> None:
        with self._redis.pubsub() as subscription:  # type: ignore[no-untyped-call]
            subscription.subscribe(keys.CHANGES)
            for message in subscription.listen():
                if message["type"] == "message":
                    self._wake(message["data"].decode())
                else:
                    # Messages from before the subscription were missed: all waiting threads read their jobs.
                    self._wake_all()

    def _wake(self, job_id: str) -> None:
        with self._lock:
            for changed in self._events.get(job_id, ()):
                changed.set()

    def _wake_all(self) -> None:
        with self._lock:
            for events in self._events.values():
                for changed in events:
                    changed.set()
