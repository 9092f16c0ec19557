"""Webhooks about a job and the attempts to deliver them, shaped as clients see them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.domain.callback import Event
from shared.domain.documented import Documented


@dataclass(frozen=True, slots=True)
class Attempt(Documented):
    """One attempt to deliver a webhook."""

    at: datetime
    """When it began."""
    seconds: float
    """Duration of the attempt."""
    status_code: int | None
    """The receiver's HTTP status; null if it did not answer."""
    error: str | None
    """Why there was no answer: a code of failed items, such as `timeout`; null if there was one."""


@dataclass(frozen=True, slots=True)
class Delivery(Documented):
    """A webhook about one event of a job."""

    id: str
    """The `webhook-id`, the same in each attempt."""
    event: Event
    """What happened to the job."""
    url: str
    """The `callback_url`."""
    status: Literal["waiting", "delivered", "failed"]
    """`failed`: the receiver answered 410, or accepted no attempt for a day."""
    created_at: datetime
    """When the event happened."""
    next_attempt_at: datetime | None
    """The earliest time of the next attempt; null once there will be none."""
    attempts: Sequence[Attempt]
    """The last hundred, oldest first."""


@dataclass(frozen=True, slots=True)
class DeliveryList(Documented):
    """The webhooks about a job, oldest first."""

    deliveries: Sequence[Delivery]
    """At most a hundred: further `paused` events of a job are left out."""
