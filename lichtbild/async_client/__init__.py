"""The Python client for asyncio: the methods of `lichtbild.Client`, to be awaited. It needs the extra `async`.

async with AsyncClient() as lichtbild:
    job = await lichtbild.ingest([("a", "https://example.org/a.jpg")])
    async for event in lichtbild.events(job.id):
        print(event.job.progress)
"""

from __future__ import annotations

import os
from typing import Self

from lichtbild.async_client.collections import AsyncCollectionMethods
from lichtbild.async_client.ingests import AsyncIngestMethods
from lichtbild.async_client.jobs import AsyncJobMethods
from lichtbild.async_client.photos import AsyncPhotoMethods
from lichtbild.async_client.searches import AsyncSearchMethods
from lichtbild.core.calls import Calls
from lichtbild.display.packages import optional
from lichtbild.profiles import DEFAULT_API, chosen
from lichtbild.transports.address import checked

__all__ = ["AsyncClient"]


class AsyncClient(AsyncIngestMethods, AsyncSearchMethods, AsyncJobMethods, AsyncPhotoMethods, AsyncCollectionMethods):
    """A client of one API for the tasks of one event loop; arguments, results, errors and retries as of `Client`.

    `events`, `iter_jobs` and `iter_errors` are async iterators, all other methods are awaited. `ingest` and `upload`
    take async iterables, too; files and plain iterables are read in a thread, which then also calls `progress`. Other
    callbacks are called in the event loop and must not block. Cancelling a task ends its request; jobs that the API has
    accepted continue.

    Also raises MissingPackage without the extra `async`.
    """

    def __init__(
        self,
        api: str | None = None,
        api_key: str | None = None,
        timeout: float = 30.0,
        patience: float = 30.0,
        *,
        profile: str | None = None,
    ) -> None:
        target = chosen(api, api_key, profile)
        self.api = checked(target.api)
        self._calls = Calls(self.api, timeout, patience)
        # Imported here: httpx2 is an extra.
        transport = optional("lichtbild.transports.asynchronous", "AsyncClient", "lichtbild[async]")
        self._transport = transport.AsyncTransport(self.api, target.key)

    @classmethod
    def from_env(cls) -> Self:
        """As `Client.from_env`."""
        if not os.environ.get("LICHTBILD_API"):
            raise ValueError(f"LICHTBILD_API is not set: give the API's address, such as {DEFAULT_API}.")
        return cls()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncClient({self.api!r})"

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()
