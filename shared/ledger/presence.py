"""The live workers: each renews a key with a TTL every few seconds."""

import json
from collections.abc import Mapping
from typing import Any, Literal, cast

import redis

from shared.ledger import keys

Queue = Literal["search", "ingest"]
QUEUES: tuple[Queue, ...] = ("search", "ingest")
ALIVE_SECONDS = 15


class Presence:
    """The keys of workers whose model is loaded."""

    def __init__(self, connection: "redis.Redis") -> None:
        self._redis = connection

    def announce(self, queue: Queue, name: str, facts: Mapping[str, Any]) -> None:
        self._redis.set(keys.worker(queue, name), json.dumps(facts), ex=ALIVE_SECONDS)

    def leave(self, queue: Queue, name: str) -> None:
        self._redis.delete(keys.worker(queue, name))

    def alive(self, queue: Queue) -> dict[str, Mapping[str, Any]]:
        """Live workers of a queue by name, with the facts that they reported."""
        prefix = keys.worker(queue, "")
        names = sorted(cast(bytes, name).decode() for name in self._redis.scan_iter(match=prefix + "*", count=1000))
        values = cast(list[bytes | None], self._redis.mget(names)) if names else []
        return {
            name.removeprefix(prefix): json.loads(value) for name, value in zip(names, values, strict=True) if value
        }
