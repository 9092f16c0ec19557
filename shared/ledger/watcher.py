"""Wait for jobs to change: one Redis subscription for the whole process, however many wait."""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis

from shared.domain.job import Job
from shared.ledger import keys
from shared.ledger.jobs import Jobs

log = logging.getLogger(__name__)

# A connection can die without a sign. Whoever waits looks for itself this often, hundreds of waiters too.
_LOOK_AGAIN_SECONDS = 10.0
# A subscription that broke is made again after this long.
_RETRY_SECONDS = 0.5


class Watcher:
    """Wakes those who wait for a job, and only them. The subscription is made when somebody waits."""

    def __init__(self, connection: "redis.Redis", jobs: Jobs) -> None:
        self._redis = connection
        self._jobs = jobs
        self._lock = threading.Lock()
        self._waiting: defaultdict[str, set[threading.Event]] = defaultdict(set)
        self._listener: threading.Thread | None = None

    def wait(self, job_id: str, seconds: float, until: Callable[[Job], bool] = lambda job: job.is_final) -> Job:
        """Return the job as soon as `until` holds, or as it is after `seconds`."""
        if seconds <= 0:
            return self._jobs.get(job_id)
        deadline = time.monotonic() + seconds
        with self._called_for(job_id) as changed:
            while True:
                # Cleared before the look: what changes after it is not missed.
                changed.clear()
                job = self._jobs.get(job_id)
                left = deadline - time.monotonic()
                if until(job) or left <= 0:
                    return job
                changed.wait(min(left, _LOOK_AGAIN_SECONDS))

    @contextmanager
    def _called_for(self, job_id: str) -> Iterator[threading.Event]:
        """An event that is set whenever the job may have changed."""
        changed = threading.Event()
        with self._lock:
            self._waiting[job_id].add(changed)
            if self._listener is None:
                self._listener = threading.Thread(target=self._run, name="watcher", daemon=True)
                self._listener.start()
        try:
            yield changed
        finally:
            with self._lock:
                self._waiting[job_id].discard(changed)
                if not self._waiting[job_id]:
                    del self._waiting[job_id]

    def _run(self) -> None:
        """Pass changes on for as long as the process lives."""
        told = ""
        while True:
            try:
                self._listen()
            except Exception as error:  # Whatever the library raises, it means the same here.
                if told != type(error).__name__:
                    told = type(error).__name__
                    log.warning("The subscription to changes broke (%s); it is made again.", told)
            time.sleep(_RETRY_SECONDS)

    def _listen(self) -> None:
        with self._redis.pubsub() as subscription:  # type: ignore[no-untyped-call]
            subscription.subscribe(keys.CHANGES)
            for message in subscription.listen():
                if message["type"] == "message":
                    self._wake(message["data"].decode())
                else:
                    # What changed while the subscription was being made was missed: all look again.
                    self._wake_all()

    def _wake(self, job_id: str) -> None:
        with self._lock:
            for changed in self._waiting.get(job_id, ()):
                changed.set()

    def _wake_all(self) -> None:
        with self._lock:
            for events in self._waiting.values():
                for changed in events:
                    changed.set()
