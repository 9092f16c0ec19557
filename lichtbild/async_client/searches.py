"""The asynchronous client's searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from lichtbild.async_client.running import AsyncRunning
from lichtbild.core import searching
from lichtbild.core.calls import DEFAULT_COLLECTION
from lichtbild.models import SearchResult
from lichtbild.query import search_body
from lichtbild.query_image import QueryImage


class AsyncSearchMethods(AsyncRunning):
    """Searches photos."""

    async def search(
        self,
        text: str | None = None,
        image: QueryImage | None = None,
        photo_id: str | None = None,
        *,
        terms: Sequence[Mapping[str, Any]] = (),
        top_k: int = 5,
        offset: int = 0,
        filter: Mapping[str, Any] | None = None,  # noqa: A002
        max_distance: float | None = None,
        group_distance: float | None = None,
        exact: bool = False,
        embedding: bool = False,
        after_job: str | None = None,
        collection: str = DEFAULT_COLLECTION,
        timeout: float = 30.0,
    ) -> SearchResult:
        """As `Client.search`."""
        body = partial(
            search_body,
            text,
            image,
            photo_id,
            terms,
            timeout,
            top_k=top_k,
            offset=offset or None,
            filter=filter,
            max_distance=max_distance,
            group_distance=group_distance,
            exact=exact or None,
            include=["embedding"] if embedding else None,
            after_job=after_job,
            collection=collection,
        )
        return await self._run(searching.search(self._calls, body, timeout))
