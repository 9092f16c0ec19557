"""Webhooks about a job, and the attempts to deliver them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to deliver a webhook. `status_code` is None if the receiver did not answer; then `error` is why."""

    at: datetime
    seconds: float
    status_code: int | None
    error: str | None

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Attempt:
        return cls(datetime.fromisoformat(body["at"]), body["seconds"], body["status_code"], body["error"])


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook about one event of a job: `waiting`, `delivered` or `failed`.

    `id` is its `webhook-id`, `event` one of `succeeded`, `failed`, `cancelled` and `paused`. `next_attempt_at` is None
    once there will be none. `attempts` are the last hundred, oldest first.
    """

    id: str
    event: str
    url: str
    status: str
    created_at: datetime
    next_attempt_at: datetime | None
    attempts: tuple[Attempt, ...]

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Delivery:
        next_attempt = body["next_attempt_at"]
        return cls(
            id=body["id"],
            event=body["event"],
            url=body["url"],
            status=body["status"],
            created_at=datetime.fromisoformat(body["created_at"]),
            next_attempt_at=None if next_attempt is None else datetime.fromisoformat(next_attempt),
            attempts=tuple(map(Attempt.from_json, body["attempts"])),
        )
