"""Whether the stack can process jobs: its workers and its backlog."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Worker:
    """A live worker process, its queue, its model and the device of the model.

    `encoded_per_second` is the number of images and texts that its model encoded per second lately, `memory_bytes` the
    resident memory of the process; None if the worker reports none.
    """

    name: str
    queue: Literal["ingest", "search"]
    model: str
    device: str = ""
    encoded_per_second: float | None = None
    memory_bytes: int | None = None

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Worker:
        return cls(
            name=body["name"],
            queue=body["queue"],
            model=body.get("model", ""),
            device=body.get("device", ""),
            encoded_per_second=body.get("encoded_per_second"),
            memory_bytes=body.get("memory_bytes"),
        )


@dataclass(frozen=True, slots=True)
class Backlog:
    """Pending work: unfinished ingest jobs, their unsettled items, the chunks that workers hold, and unanswered
    searches."""

    jobs: int
    items: int
    held: int
    searches: int

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Backlog:
        return cls(body["jobs"], body["items"], body["held"], body["searches"])


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether jobs can be processed now. `checks` has the state of `redis`, `catalogue`, `search_worker` and
    `ingest_worker`; `backlog` is None while Redis is unavailable. `waits_for` is why ingests cannot store at
    present, such as a full disk."""

    ready: bool
    checks: Mapping[str, bool]
    workers: tuple[Worker, ...] = ()
    backlog: Backlog | None = None
    waits_for: str | None = None

    @classmethod
    def from_json(cls, body: Mapping[str, Any], *, ready: bool) -> Readiness:
        """`workers` and `backlog` are absent from the answers of older APIs."""
        workers = tuple(Worker.from_json(worker) for worker in body.get("workers", ()))
        backlog = body.get("backlog")
        return cls(
            ready, body["checks"], workers, Backlog.from_json(backlog) if backlog else None, body.get("waits_for")
        )
