"""The ledger of orders: short jobs for a worker that may write to the catalogue. Each kind has its own queue."""

import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, cast

import redis

from shared.errors import LichtbildError
from shared.ledger import keys, scripts
from shared.settings import Settings

OrderKind = Literal["delete", "index"]

# An order is taken again if it has not ended so long after it was taken. A build takes longer: it is looked at again.
_TAKE_AGAIN_MS: dict[OrderKind, int] = {"delete": 10_000, "index": 2_000}
MAX_TAKEN = 1000


@dataclass(frozen=True)
class Order:
    """What to do in a collection: the id of a photo to delete, or `build` or `drop` for the index.

    `version` is its place in the order of submissions; `begun` is set where `OrderLedger.begin` was called.
    """

    job_id: str
    collection: str
    subject: str
    version: int
    begun: bool


class OrderLedger:
    """Every step is atomic and may be repeated."""

    def __init__(self, connection: "redis.Redis", settings: Settings, kind: OrderKind) -> None:
        self._redis = connection
        self._kind = kind
        self._retention = settings.search_retention_seconds
        self._create = scripts.script(connection, "create_order")
        self._take = scripts.script(connection, "take_orders")
        self._finish = scripts.finish(connection)

    def create(self, collection: str, subject: str) -> str:
        """Record an order and wake a worker. Return the job's id."""
        job_id = secrets.token_hex(10)
        names = [keys.job(job_id), keys.jobs(self._kind), keys.SEQUENCE]
        names += [keys.orders(self._kind), keys.order_bell(self._kind)]
        if self._kind == "delete":
            names.append(keys.writers(collection))
        self._create(keys=names, args=[job_id, self._kind, collection, subject, keys.CHANGES, self._retention])
        return job_id

    def wait(self, seconds: float) -> None:
        """Return when an order was created, or after `seconds`."""
        self._redis.blpop([keys.order_bell(self._kind)], timeout=seconds)

    def take(self) -> list[Order]:
        """Take what waits, oldest first, `MAX_TAKEN` at most. Two workers may take the same: it does no harm."""
        again = _TAKE_AGAIN_MS[self._kind]
        flat = self._take(keys=[keys.orders(self._kind)], args=[keys.PREFIX, again, MAX_TAKEN])
        texts = [cast(bytes, value).decode() for value in flat]
        return [
            Order(job_id, collection, subject, int(version), begun != "")
            for job_id, collection, subject, version, begun in zip(*[iter(texts)] * 5, strict=True)
        ]

    def begin(self, order: Order) -> None:
        """Remember that an order which takes longer is under way."""
        self._redis.hset(keys.job(order.job_id), "begun", 1)

    def succeed(self, orders: Iterable[Order]) -> None:
        for order in orders:
            self._finish(order.job_id, "succeeded", retention=self._retention)

    def fail(self, order: Order, error: LichtbildError) -> None:
        value = json.dumps({"code": error.code, "detail": str(error)})
        self._finish(order.job_id, "failed", field="error", value=value, retention=self._retention)
