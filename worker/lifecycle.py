"""The life of a worker process: it starts, drains after SIGTERM, and closes."""

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from redis.exceptions import RedisError

from shared.ledger.presence import ALIVE_SECONDS, Presence, Queue
from worker.upkeep.heartbeat import Heartbeat
from worker.upkeep.load import Load
from worker.upkeep.periodic import PeriodicThread

log = logging.getLogger(__name__)

# Maximum time from SIGTERM to exit, even if a call hangs: the embedded stack kills after 15 s, Kubernetes after 30 s.
_DRAIN_SECONDS = 12.0

Step = Callable[[], None]


@dataclass(frozen=True)
class Lifecycle:
    """`on_drain` and `on_close` are run in their order. `release_claims` gives up what the worker holds in Redis; it
    may raise RedisError. `facts` of the model are announced with its presence, and the `load` at that time."""

    queue: Queue
    name: str
    facts: Mapping[str, Any]
    load: Load
    presence: Presence
    heartbeat: Heartbeat
    periodic_threads: Sequence[PeriodicThread]
    on_drain: Sequence[Step]
    on_close: Sequence[Step]
    release_claims: Step = lambda: None
    closing: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Announce this worker until `close`, and start its periodic threads. Call it once bells are answered."""
        self.heartbeat.start()
        for thread in self.periodic_threads:
            thread.start()
        threading.Thread(target=self._announce, name="presence", daemon=True).start()

    def drain(self) -> None:
        """Start no new work and finish the claimed work. The process exits after 12 s even if something hangs."""
        for step in self.on_drain:
            step()
        deadline = threading.Timer(_DRAIN_SECONDS, self._exit_now)
        deadline.daemon = True
        deadline.start()

    def close(self) -> None:
        """Finish the claimed work, release the rest, and withdraw this worker's presence."""
        self.closing.set()
        for thread in self.periodic_threads:
            thread.close()
        for step in self.on_close:
            step()
        self._leave()
        self.heartbeat.close()

    def _leave(self) -> None:
        try:
            self.release_claims()
            self.presence.leave(self.queue, self.name)
        except RedisError as error:
            log.warning("Redis is unavailable (%s): the leases of unfinished chunks will expire.", type(error).__name__)

    def _exit_now(self) -> None:
        """A download, the catalogue or the model hangs. Other workers take over this worker's chunks."""
        log.warning("Not drained after %g s: unfinished chunks are released.", _DRAIN_SECONDS)
        self._leave()
        os._exit(0)

    def _announce(self) -> None:
        while True:
            try:
                self.presence.announce(self.queue, self.name, {**self.facts, **self.load.read()})
                self.heartbeat.on_redis_answered()
            except RedisError as error:
                log.warning("Redis is unavailable (%s): presence is announced again later.", type(error).__name__)
            if self.closing.wait(ALIVE_SECONDS / 3):
                return
