"""`/healthz` says that the API runs, `/readyz` that jobs can be done."""

from collections.abc import Callable

from flask import Blueprint
from flask.typing import ResponseReturnValue
from redis.exceptions import RedisError

from api.services import services
from shared.errors import UnavailableError
from shared.ledger.presence import QUEUES, Queue

routes = Blueprint("health", __name__)


@routes.get("/healthz")
def alive() -> ResponseReturnValue:
    return {"status": "alive"}


@routes.get("/readyz")
def ready() -> ResponseReturnValue:
    parts = services()
    checks = {"redis": _works(parts.redis.ping), "catalogue": _works(parts.catalogue.ping)}
    checks |= {f"{queue}_worker": _works(lambda: _some_worker(queue)) for queue in QUEUES}  # noqa: B023
    if all(checks.values()):
        return {"status": "ready", "checks": checks}
    return {"status": "not ready", "checks": checks}, 503, {"Retry-After": "1"}


def _some_worker(queue: Queue) -> None:
    if not services().presence.alive(queue):
        raise UnavailableError(f"No {queue} worker is alive.")


def _works(look: Callable[[], object]) -> bool:
    try:
        look()
    except (RedisError, UnavailableError):
        return False
    return True
