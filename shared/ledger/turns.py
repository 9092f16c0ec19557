"""Turns: periodic work that one of several processes does in each interval."""

import redis

from shared.ledger import keys

# A turn ends a little before the next interval begins, so that timers which drift never skip an interval.
_SHARE_OF_INTERVAL = 0.9


class Turn:
    """A lock with a TTL in Redis. Whoever takes it acts; it is never released, it expires."""

    def __init__(self, connection: "redis.Redis", key: str, interval_seconds: float) -> None:
        self._redis = connection
        self._key = key
        self._ttl_ms = round(interval_seconds * 1000 * _SHARE_OF_INTERVAL)

    @classmethod
    def to_reconcile(cls, connection: "redis.Redis", queue: str, interval_seconds: float) -> "Turn":
        """One reconciler per queue acts in each interval."""
        return cls(connection, keys.reconciler(queue), interval_seconds)

    @classmethod
    def to_check_growth(cls, connection: "redis.Redis", interval_seconds: float) -> "Turn":
        """One worker looks for collections that have grown large enough for an index."""
        return cls(connection, keys.GROWTH, interval_seconds)

    def take(self) -> bool:
        """Whether this process acts in this interval. Raises RedisError."""
        return bool(self._redis.set(self._key, "", nx=True, px=self._ttl_ms))
