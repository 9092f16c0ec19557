"""Refuse new items while too many wait, or while Redis, which holds them, is nearly full."""

import redis

from shared.errors import OverloadedError, UnavailableError
from shared.ledger.backlog import read_backlog
from shared.settings import Settings

# Of Redis' own `maxmemory`, what items may fill: the rest is for what workers and searches write while items wait.
_SHARE_OF_MAXMEMORY = 0.8


class Backpressure:
    """Asked before items are staged, and now and then while they are: a long list may be what fills Redis."""

    def __init__(self, connection: "redis.Redis", settings: Settings) -> None:
        self._redis = connection
        self._max_items = settings.max_pending_items
        self._max_bytes = settings.max_redis_bytes

    def check(self, staged: int) -> None:
        """Raise OverloadedError if `staged` items more than those that wait are too many, UnavailableError if Redis is
        nearly full."""
        pending = read_backlog(self._redis).items + staged
        if pending > self._max_items:
            raise OverloadedError(
                f"{pending} items would wait, {self._max_items} may (LICHTBILD_MAX_PENDING_ITEMS); try again later."
            )
        memory = self._redis.info("memory")
        limit = self._max_bytes or int(memory["maxmemory"] * _SHARE_OF_MAXMEMORY)
        if limit and memory["used_memory"] > limit:
            raise UnavailableError(
                f"The job store holds {memory['used_memory']} bytes and takes new items up to {limit} "
                "(LICHTBILD_MAX_REDIS_BYTES); try again when jobs are done."
            )
