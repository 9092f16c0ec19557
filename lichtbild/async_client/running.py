"""What the parts of the asynchronous client stand on: the calls of one API, and the transport that makes them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, TypeVar

from lichtbild.core.calls import Calls
from lichtbild.core.effects import Flow, Items

if TYPE_CHECKING:
    from lichtbild.transports.asynchronous import AsyncTransport

T = TypeVar("T")


class AsyncRunning:
    """Runs flows in the caller's event loop."""

    _calls: Calls
    _transport: AsyncTransport

    async def _run(self, flow: Flow[T]) -> T:
        return await self._transport.run(flow)

    def _iterate(self, flow: Items[T]) -> AsyncIterator[T]:
        return self._transport.iterate(flow)
