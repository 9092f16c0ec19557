"""The connection to Redis."""

import redis

from shared.errors import ConfigurationError
from shared.settings import Settings

# Commands take a fraction of a millisecond, so a few connections serve hundreds of threads. A thread waits if none is
# free: clients that wake up at the same moment must be answered, not refused.
_CONNECTIONS = 64
_PATIENCE_SECONDS = 20
_NO_EVICTION = "noeviction"


def connect(settings: Settings) -> "redis.Redis":
    """A pooled client that detects dead connections. It connects on first use."""
    try:
        pool = redis.BlockingConnectionPool.from_url(
            settings.redis_url.get_secret_value(),
            max_connections=_CONNECTIONS,
            timeout=_PATIENCE_SECONDS,
            socket_timeout=30,
            socket_connect_timeout=5,
            socket_keepalive=True,
            health_check_interval=25,
        )
    except ValueError as error:
        raise ConfigurationError("LICHTBILD_REDIS_URL must look like redis://:password@host:6379/0") from error
    return redis.Redis.from_pool(pool)


def require_no_eviction(connection: "redis.Redis") -> None:
    """Raises ConfigurationError if this Redis may evict keys: the ledger would lose jobs silently.

    Checked at the start of the API and of each worker. A Redis that does not answer then is not judged.
    """
    try:
        policy = connection.info("memory").get("maxmemory_policy", _NO_EVICTION)
    except redis.RedisError:
        return
    if policy != _NO_EVICTION:
        raise ConfigurationError(
            f"Redis evicts keys when its memory is full (maxmemory-policy {policy}), so jobs would be lost. "
            f"Set `maxmemory-policy {_NO_EVICTION}`, or give Lichtbild a Redis of its own."
        )
