"""A callback: where webhooks about a job are sent, and about which events."""

from dataclasses import dataclass
from typing import Literal, get_args

Event = Literal["succeeded", "failed", "cancelled", "paused"]
EVENTS: tuple[Event, ...] = get_args(Event)


@dataclass(frozen=True, slots=True)
class Callback:
    """`origin` is the server of `url`: its webhooks are sent one after the other. `api` is the API's address, for the
    links in a webhook. `key_id` names the API key whose secret signs; empty: none.
    """

    url: str
    origin: str
    events: tuple[Event, ...] = EVENTS
    api: str = ""
    key_id: str = ""
