"""Collections without a vector index by choice: an operator dropped it, so it is not rebuilt automatically."""

import redis

from shared.ledger import keys


class IndexChoices:
    """Every method raises RedisError."""

    def __init__(self, connection: "redis.Redis") -> None:
        self._redis = connection

    def decline(self, collection: str) -> None:
        """Build no index automatically from now on."""
        self._redis.sadd(keys.UNINDEXED, collection)

    def accept(self, collection: str) -> None:
        """Revoke `decline`."""
        self._redis.srem(keys.UNINDEXED, collection)

    def is_declined(self, collection: str) -> bool:
        return bool(self._redis.sismember(keys.UNINDEXED, collection))
