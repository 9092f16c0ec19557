"""The Python client: ingest, search, jobs, photos and collections.

with Client() as lichtbild:
    job = lichtbild.wait(lichtbild.ingest([("a", "https://example.org/a.jpg")]).id)
    hits = lichtbild.search("a man standing on the beach").hits
"""

from __future__ import annotations

import os
from typing import Self

from lichtbild.client.collections import CollectionMethods
from lichtbild.client.ingests import IngestMethods
from lichtbild.client.jobs import JobMethods
from lichtbild.client.photos import PhotoMethods
from lichtbild.client.searches import SearchMethods
from lichtbild.core.calls import DEFAULT_COLLECTION, Calls
from lichtbild.profiles import DEFAULT_API, chosen
from lichtbild.transports.address import checked
from lichtbild.transports.blocking import BlockingTransport

__all__ = ["DEFAULT_API", "DEFAULT_COLLECTION", "Client"]


class Client(IngestMethods, SearchMethods, JobMethods, PhotoMethods, CollectionMethods):
    """A client of one API; thread-safe.

    Without `api`, the address and key are those of `profile`, of the environment (LICHTBILD_API, LICHTBILD_API_KEY,
    LICHTBILD_PROFILE), or of the profile in use (`lichtbild config use`), in this order.

    `timeout` is the longest silence of the API, `patience` how long a call that is safe to repeat is retried while the
    API is unreachable or busy; both in seconds. Raises ValueError if the address is not an http or https URL, and
    ConfigError if there is no such profile.

    Every method raises Unreachable if the API does not answer, and ApiError if it refuses the request.
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
        self._transport = BlockingTransport(self.api, target.key)

    @classmethod
    def from_env(cls) -> Self:
        """A client of LICHTBILD_API with LICHTBILD_API_KEY. Raises ValueError if LICHTBILD_API is not set."""
        if not os.environ.get("LICHTBILD_API"):
            raise ValueError(f"LICHTBILD_API is not set: give the API's address, such as {DEFAULT_API}.")
        return cls()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.api!r})"

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()
