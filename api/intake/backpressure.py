"""Backpressure: reject new items while too many are pending, or while Redis, which holds them, is nearly full."""

import redis

from shared.errors import OverloadedError, UnavailableError
from shared.ledger.backlog import read_backlog
from shared.settings import Settings

# Share of Redis' `maxmemory` that items may fill. Workers and searches need the rest.
_SHARE_OF_MAXMEMORY = 0.8


class Backpressure:
    """Checked before and during staging, because one long list can fill Redis."""

    def __init__(self, connection: "redis.Redis", settings: Settings) -> None:
        self._redis = connection
        self._max_items = settings.max_pending_items
        self._max_bytes = settings.max_redis_bytes

    def check(self, staged: int) -> None:
        """Raise OverloadedError if the pending items and `staged` exceed the limit, UnavailableError if Redis is nearly
        full.
        """
        pending = read_backlog(self._redis).items + staged
        if pending > self._max_items:
            raise OverloadedError(
                f"Queue limit exceeded: {pending} pending items, limit {self._max_items} "
                "(LICHTBILD_MAX_PENDING_ITEMS); try again later."
            )
        memory = self._redis.info("memory")
        limit = self._max_bytes or int(memory["maxmemory"] * _SHARE_OF_MAXMEMORY)
        if limit and memory["used_memory"] > limit:
            raise UnavailableError(
                f"Redis uses {memory['used_memory']} bytes and accepts new items up to {limit} "
                "(LICHTBILD_MAX_REDIS_BYTES); try again when jobs have ended."
            )
