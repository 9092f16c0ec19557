"""Wait for jobs to change: one Redis subscription for the whole process, however many wait."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis

from shared.ledger import keys
from shared.ledger.job import Job
from shared.ledger.jobs import Jobs

log = logging.getLogger(__name__)

# A change can be missed while the subscription is being made again, so waiters look for themselves this often.
_LOOK_AGAIN_SECONDS = 1.0


class Watcher:
    """Wakes those who wait for a job. The subscription is made when somebody waits."""

    def __init__(self, connection: "redis.Redis", jobs: Jobs) -> None:
        self._redis = connection
        self._jobs = jobs
        self._changed = threading.Condition()
        self._changes: Counter[str] = Counter()
        self._waiters: Counter[str] = Counter()
        self._listener: threading.Thread | None = None

    def wait(self, job_id: str, seconds: float, until: Callable[[Job], bool] = lambda job: job.is_final) -> Job:
        """Return the job as soon as `until` holds, or as it is after `seconds`."""
        deadline = time.monotonic() + seconds
        with self._waiting_for(job_id):
            while True:
                with self._changed:
                    self._listen()
                    seen = self._changes[job_id]
                job = self._jobs.get(job_id)
                left = deadline - time.monotonic()
                if until(job) or left <= 0:
                    return job
                with self._changed:
                    self._changed.wait_for(lambda: self._changes[job_id] != seen, min(left, _LOOK_AGAIN_SECONDS))  # noqa: B023

    @contextmanager
    def _waiting_for(self, job_id: str) -> Iterator[None]:
        with self._changed:
            self._waiters[job_id] += 1
        try:
            yield
        finally:
            with self._changed:
                self._waiters[job_id] -= 1
                if not self._waiters[job_id]:
                    del self._waiters[job_id]
                    self._changes.pop(job_id, None)

    def _listen(self) -> None:
        if self._listener is None or not self._listener.is_alive():
            self._listener = threading.Thread(target=self._run, name="watcher", daemon=True)
            self._listener.start()

    def _run(self) -> None:
        """Note changes until the subscription breaks; the next look of a waiter makes it again."""
        try:
            with self._redis.pubsub() as subscription:  # type: ignore[no-untyped-call]
                subscription.subscribe(keys.CHANGES)
                for message in subscription.listen():
                    # What changed while the subscription was being made was missed: all look again.
                    self._note(message["data"].decode() if message["type"] == "message" else None)
        except Exception as error:  # Whatever the library raises, it means the same here.
            log.warning("The subscription to changes broke (%s).", type(error).__name__)

    def _note(self, job_id: str | None) -> None:
        """This job changed, or any may have."""
        with self._changed:
            self._changes.update(self._waiters.keys() & {job_id} if job_id else self._waiters.keys())
            self._changed.notify_all()
