"""Wait for jobs to change: one Redis subscription for the whole process, however many wait."""

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable

import redis

from shared.ledger import keys
from shared.ledger.jobs import Job, Jobs

log = logging.getLogger(__name__)

# A change can be missed while the subscription is being made again, so waiters look for themselves this often.
_LOOK_AGAIN_SECONDS = 1.0


class Watcher:
    """Wakes those who wait for a job. The subscription starts with the first waiter."""

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
        with self._changed:
            self._listen()
            self._waiters[job_id] += 1
        try:
            while True:
                seen = self._changes[job_id]
                job = self._jobs.get(job_id)
                left = deadline - time.monotonic()
                if until(job) or left <= 0:
                    return job
                with self._changed:
                    self._changed.wait_for(lambda: self._changes[job_id] != seen, min(left, _LOOK_AGAIN_SECONDS))  # noqa: B023
        finally:
            with self._changed:
                self._waiters[job_id] -= 1
                if not self._waiters[job_id]:
                    del self._waiters[job_id]
                    self._changes.pop(job_id, None)

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = threading.Thread(target=self._run, name="watcher", daemon=True)
            self._listener.start()

    def _run(self) -> None:
        while True:
            try:
                with self._redis.pubsub(ignore_subscribe_messages=True) as subscription:  # type: ignore[no-untyped-call]
                    subscription.subscribe(keys.CHANGES)
                    for message in subscription.listen():
                        self._note(message["data"].decode())
            except Exception as error:  # Whatever the library raises: this thread must not die while others wait.
                log.warning("The subscription to changes broke (%s); subscribing again.", type(error).__name__)
                time.sleep(_LOOK_AGAIN_SECONDS)

    def _note(self, job_id: str) -> None:
        with self._changed:
            if job_id in self._waiters:
                self._changes[job_id] += 1
                self._changed.notify_all()
