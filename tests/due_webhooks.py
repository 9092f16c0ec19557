"""The passing of time for webhooks, without waiting for it."""

from typing import Any

from shared.ledger import keys


def let_time_pass(connection: Any) -> None:
    """Until every claim of a webhook has expired, no server is paused, and every webhook is due."""
    for key in connection.scan_iter(keys.delivery_lock("*")):
        connection.delete(key)
    for key in [*connection.scan_iter(keys.delivery_queue("*")), keys.DELIVERY_ORIGINS]:
        for member in connection.zrange(key, 0, -1):
            connection.zadd(key, {member: 1})
