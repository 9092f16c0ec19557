"""The connection to Redis."""

import redis

from shared.errors import ConfigurationError
from shared.settings import Settings


def connect(settings: Settings) -> "redis.Redis":
    """A pooled client that notices dead connections; connects on first use."""
    try:
        return redis.Redis.from_url(
            settings.redis_url.get_secret_value(),
            socket_timeout=30,
            socket_connect_timeout=5,
            socket_keepalive=True,
            health_check_interval=25,
        )
    except ValueError as error:
        raise ConfigurationError("LICHTBILD_REDIS_URL must look like redis://:password@host:6379/0") from error
