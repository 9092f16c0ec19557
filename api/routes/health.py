"""`/healthz`: the API runs. `/readyz`: whether jobs can be processed, the live workers, and the waiting work."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError

from api.services import services
from shared.errors import UnavailableError
from shared.ledger.backlog import read_backlog
from shared.ledger.presence import QUEUES

routes = Blueprint("health", __name__)


@routes.get("/healthz")
def alive() -> ResponseReturnValue:
    return {"status": "alive"}


@routes.get("/readyz")
def ready() -> ResponseReturnValue:
    parts = services()
    checks = {"redis": _works(parts.redis.ping), "catalogue": _works(parts.catalogue.ping)}
    try:
        workers, backlog = _workers(), _backlog()
    except RedisError:
        # Redis is unavailable, as `checks` reports, or failed just now.
        workers, backlog = [], None
    checks |= {f"{queue}_worker": any(worker["queue"] == queue for worker in workers) for queue in QUEUES}
    facts = {"checks": checks, "workers": workers, "backlog": backlog}
    if all(checks.values()):
        return {"status": "ready", **facts}
    return {"status": "not ready", **facts}, 503, {"Retry-After": "1"}


def _workers() -> list[dict[str, Any]]:
    presence = services().presence
    return [
        {"name": name, "queue": queue, **facts} for queue in QUEUES for name, facts in presence.alive(queue).items()
    ]


def _backlog() -> dict[str, int]:
    return asdict(read_backlog(services().redis))


def _works(look: Callable[[], object]) -> bool:
    try:
        look()
    except (RedisError, UnavailableError):
        return False
    return True
