"""Accepts a callback, or refuses it with the name of its field."""

import hashlib
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from shared.addresses.address_policy import AddressPolicy
from shared.addresses.origin import Origin
from shared.addresses.resolver import Resolver
from shared.addresses.web_url import parse_web_url
from shared.domain.callback import EVENTS, Callback, Event
from shared.errors import Fault, InvalidRequestError, OverloadedError
from shared.ledger.deliveries import DeliveryLedger
from shared.settings import Settings
from shared.webhook_signing import key_id

# A name that is resolved later is checked when a webhook is sent.
_RESOLVE_SECONDS = 2.0
_LOOPBACK = "127.0.0.1"
_LOCAL_NAME = re.compile(r"(^|\.)localhost\.?$")


@dataclass(frozen=True, slots=True)
class GivenCallback:
    """What a request asks for. `place`: the JSON pointer of the object with its fields; None if it is in the query."""

    url: str | None
    events: Sequence[Event] | None
    place: str | None = None

    def fingerprint(self) -> str:
        """What must be equal when an idempotency key is used again: a hash, empty without a callback."""
        return hashlib.sha256(f"{self.url} {self.events}".encode()).hexdigest() if self.url else ""


class Callbacks:
    """Checks callbacks by the rules of the fetcher. Thread-safe."""

    def __init__(self, settings: Settings, deliveries: DeliveryLedger) -> None:
        self._is_on = bool(settings.webhook_secret)
        self._has_keys = bool(settings.api_keys)
        self._max_waiting = settings.max_waiting_deliveries
        self._policy = AddressPolicy(settings.fetch_allow)
        self._resolver = Resolver()
        self._deliveries = deliveries

    def accept(self, given: GivenCallback, api: str, api_key: str) -> Callback | None:
        """The callback, None if the request has none. `api` is the API's address, `api_key` the request's key.

        Raises InvalidRequestError with the fault's place, OverloadedError if too many webhooks wait, and RedisError.
        """
        if given.url is None:
            if given.events is not None:
                raise _refusal(given, "callback_events", "is given without `callback_url`")
            return None
        if not self._is_on:
            raise _refusal(given, "callback_url", "is not accepted: LICHTBILD_WEBHOOK_SECRET is not set")
        origin = self._reachable(given, given.url)
        if (waiting := self._deliveries.waiting()) >= self._max_waiting:
            raise OverloadedError(
                f"{waiting} webhooks wait to be delivered (LICHTBILD_MAX_WAITING_DELIVERIES); try again later, or "
                "without `callback_url`."
            )
        events = tuple(event for event in EVENTS if given.events is None or event in given.events)
        return Callback(given.url, str(origin), events, api, key_id(api_key) if self._has_keys else "")

    def _reachable(self, given: GivenCallback, url: str) -> Origin:
        """The URL's origin. A name that does not resolve now may do so when a webhook is sent."""
        try:
            origin = parse_web_url(url).origin
            answers = self._resolver.resolve(origin.host, origin.port, _RESOLVE_SECONDS)
            addresses = [str(address[0]) for *_, address in answers]
        except (TimeoutError, socket.gaierror):
            # RFC 6761: these names are loopback, whatever a resolver answers.
            addresses = [_LOOPBACK] if _LOCAL_NAME.search(origin.host) else []
        except (ValueError, OSError):
            raise _refusal(given, "callback_url", "is not a valid URL") from None
        if not all(self._policy.allows(address, origin.port) for address in addresses):
            raise _refusal(given, "callback_url", "has an address that LICHTBILD_FETCH_ALLOW does not permit")
        return origin


def _refusal(given: GivenCallback, name: str, problem: str) -> InvalidRequestError:
    in_query = given.place is None
    fault = Fault(problem, parameter=name) if in_query else Fault(problem, pointer=f"{given.place}/{name}")
    return InvalidRequestError(f"`{name}` {problem}.", [fault])
