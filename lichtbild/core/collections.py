"""Collections, their indexes, and whether the stack can work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from lichtbild.core.calls import Calls, segment
from lichtbild.core.effects import Flow
from lichtbild.errors import Unreachable
from lichtbild.models import Attributes, Collection, Job, Readiness


def collection(calls: Calls, name: str) -> Flow[Collection]:
    """One collection."""
    return Collection.from_json((yield from calls.call("GET", f"/v1/collections/{segment(name)}")))


def collections(calls: Calls) -> Flow[list[Collection]]:
    """All collections."""
    answer = yield from calls.call("GET", "/v1/collections")
    return [Collection.from_json(found) for found in answer["collections"]]


def attributes(calls: Calls, name: str, condition: Mapping[str, Any] | None) -> Flow[Attributes]:
    """The attributes of a collection's photos."""
    params = {"filter": None if condition is None else json.dumps(condition)}
    return Attributes.from_json(
        (yield from calls.call("GET", f"/v1/collections/{segment(name)}/attributes", params=params))
    )


def change_index(calls: Calls, name: str, method: Literal["POST", "DELETE"]) -> Flow[Job]:
    """Start building (POST) or dropping (DELETE) a collection's vector index."""
    return Job.from_json((yield from calls.call(method, f"/v1/collections/{segment(name)}/index")))


def delete(calls: Calls, name: str) -> Flow[Job]:
    """Start deleting a collection with all of its photos."""
    return Job.from_json((yield from calls.call("DELETE", f"/v1/collections/{segment(name)}")))


def health(calls: Calls) -> Flow[None]:
    """Return if Lichtbild's API answers. Raises Unreachable otherwise."""
    _, answer = yield from calls.ask("/healthz")
    if not isinstance(answer, dict) or answer.get("status") != "alive":
        raise Unreachable(f"The server at {calls.api} is not Lichtbild's API.")


def ready(calls: Calls) -> Flow[Readiness]:
    """Whether jobs can be processed now."""
    status, answer = yield from calls.ask("/readyz")
    return Readiness.from_json(answer, ready=status == 200)
