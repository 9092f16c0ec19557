"""`/healthz`: the API process responds. `/readyz`: whether jobs can be processed, the live workers and the backlog."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from redis.exceptions import RedisError

from api.http import examples
from api.http.operations import Answer, Reply, Routes
from api.services import services
from shared.domain.readiness import Alive, Readiness
from shared.errors import UnavailableError
from shared.ledger.backlog import read_backlog
from shared.ledger.presence import QUEUES
from shared.ledger.waits import Waits

routes = Routes("health")


@routes.get("/healthz", Answer(200, Alive, "The process responds.", example=examples.ALIVE))
def get_health() -> Alive:
    """Return whether the API process responds."""
    return Alive("alive")


@routes.get(
    "/readyz",
    Answer(200, Readiness, "Jobs can be processed.", example=examples.READY),
    Answer(503, Readiness, "A check failed; see `checks`.", headers=("Retry-After",), example=examples.NOT_READY),
)
def get_readiness() -> Reply:
    """Return whether Redis, the catalogue and a worker per queue are available, and the backlog."""
    readiness = _look()
    return Reply(readiness) if readiness.status == "ready" else Reply(readiness, 503, {"Retry-After": "1"})


def _look() -> Readiness:
    parts = services()
    checks = {"redis": _works(parts.redis.ping), "catalogue": _works(parts.catalogue.ping)}
    try:
        workers, backlog, waits_for = _workers(), read_backlog(parts.redis), Waits(parts.redis).reason()
    except RedisError:
        # `checks` shows it, unless Redis failed only now.
        workers, backlog, waits_for = [], None, None
    checks |= {f"{queue}_worker": any(worker["queue"] == queue for worker in workers) for queue in QUEUES}
    status: Literal["ready", "not ready"] = "ready" if all(checks.values()) else "not ready"
    return Readiness(status, checks, workers, backlog, waits_for)


def _workers() -> list[Mapping[str, Any]]:
    presence = services().presence
    return [
        {"name": name, "queue": queue, **facts} for queue in QUEUES for name, facts in presence.alive(queue).items()
    ]


def _works(probe: Callable[[], object]) -> bool:
    try:
        probe()
    except (RedisError, UnavailableError):
        return False
    return True
