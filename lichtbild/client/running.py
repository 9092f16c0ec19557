"""What the parts of the client stand on: the calls of one API, and the transport that makes them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from lichtbild.core.calls import Calls
from lichtbild.core.effects import Flow, Items
from lichtbild.transports.blocking import BlockingTransport

T = TypeVar("T")


class Running:
    """Runs flows in the caller's thread."""

    _calls: Calls
    _transport: BlockingTransport

    def _run(self, flow: Flow[T]) -> T:
        return self._transport.run(flow)

    def _iterate(self, flow: Items[T]) -> Iterator[T]:
        return self._transport.iterate(flow)
