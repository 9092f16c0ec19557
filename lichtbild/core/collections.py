"""Collections, their indexes, and whether the stack can work."""

from __future__ import annotations

from typing import Literal

from lichtbild.core.calls import Calls, segment
from lichtbild.core.effects import Flow
from lichtbild.errors import Unreachable
from lichtbild.models import Collection, Job, Readiness


def collection(calls: Calls, name: str) -> Flow[Collection]:
    """One collection."""
    return Collection.from_json((yield from calls.call("GET", f"/v1/collections/{segment(name)}")))


def collections(calls: Calls) -> Flow[list[Collection]]:
    """All collections."""
    answer = yield from calls.call("GET", "/v1/collections")
    return [Collection.from_json(found) for found in answer["collections"]]


def change_index(calls: Calls, name: str, method: Literal["POST", "DELETE"]) -> Flow[Job]:
    """Start building (POST) or dropping (DELETE) a collection's vector index."""
    return Job.from_json((yield from calls.call(method, f"/v1/collections/{segment(name)}/index")))


def health(calls: Calls) -> Flow[None]:
    """Return if Lichtbild's API answers. Raises Unreachable otherwise."""
    _, answer = yield from calls.ask("/healthz")
    if not isinstance(answer, dict) or answer.get("status") != "alive":
        raise Unreachable(f"The server at {calls.api} is not Lichtbild's API.")


def ready(calls: Calls) -> Flow[Readiness]:
    """Whether jobs can be processed now."""
    status, answer = yield from calls.ask("/readyz")
    return Readiness.from_json(answer, ready=status == 200)
