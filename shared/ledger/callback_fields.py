"""A callback as fields of its job's HASH."""

from collections.abc import Mapping
from typing import cast

from shared.domain.callback import Callback, Event


def callback_fields(callback: Callback | None) -> dict[str, str]:
    """The fields; none without a callback."""
    if callback is None:
        return {}
    return {
        "callback_url": callback.url,
        "callback_origin": callback.origin,
        "callback_events": " ".join(callback.events),
        "callback_api": callback.api,
        "callback_key": callback.key_id,
    }


def read_callback(fields: Mapping[str, str]) -> Callback:
    """The callback of a job that has one."""
    events = cast(tuple[Event, ...], tuple(fields["callback_events"].split()))
    return Callback(
        url=fields["callback_url"],
        origin=fields["callback_origin"],
        events=events,
        api=fields["callback_api"],
        key_id=fields["callback_key"],
    )
