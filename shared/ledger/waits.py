"""What the ingest waits for: a part of ours that refuses, such as a catalogue whose disk is full."""

import contextlib
from typing import cast

import redis
from redis.exceptions import RedisError

from shared.ledger import keys

# Longer than the longest pause between two attempts of a writer, so that it is reported without gaps.
_SECONDS = 30


class Waits:
    """Every ingest worker reports here; the last report counts. It expires if its worker is lost."""

    def __init__(self, connection: "redis.Redis") -> None:
        self._redis = connection

    def report(self, reason: str | None) -> None:
        """Note the reason of a wait, or with None its end. Does nothing while Redis is unavailable."""
        with contextlib.suppress(RedisError):
            if reason is None:
                self._redis.delete(keys.WAITS_FOR)
            else:
                self._redis.set(keys.WAITS_FOR, reason, ex=_SECONDS)

    def reason(self) -> str | None:
        """The reason of a wait that goes on now. Raises RedisError."""
        found = cast(bytes | None, self._redis.get(keys.WAITS_FOR))
        return found.decode() if found else None
