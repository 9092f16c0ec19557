"""The asynchronous client's searches and embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from lichtbild.async_client.running import AsyncRunning
from lichtbild.core import searching
from lichtbild.core.calls import DEFAULT_COLLECTION
from lichtbild.models import Embeddings, Job, SearchResult
from lichtbild.query import Search, batch_body, embedding_body, search_body
from lichtbild.query_image import QueryImage


class AsyncSearchMethods(AsyncRunning):
    """Searches photos, and embeds texts and images."""

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
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        callback_url: str | None = None,
        timeout: float = 30.0,
    ) -> SearchResult:
        """As `Client.search`."""
        query: Search = {
            "text": text,
            "image": image,
            "photo_id": photo_id,
            "terms": terms,
            "top_k": top_k,
            "offset": offset,
            "filter": filter,
            "max_distance": max_distance,
            "group_distance": group_distance,
            "exact": exact,
            "embedding": embedding,
            "after_job": after_job,
            "collection": collection,
            "name": name,
            "metadata": metadata,
            "callback_url": callback_url,
        }
        return await self._run(searching.search(self._calls, partial(search_body, query, timeout), timeout))

    async def search_batch(self, searches: Iterable[Search], timeout: float = 30.0) -> list[Job]:
        """As `Client.search_batch`."""
        return await self._run(searching.search_batch(self._calls, partial(batch_body, searches, timeout), timeout))

    async def embed(
        self, texts: Iterable[str] = (), images: Iterable[QueryImage] = (), *, timeout: float = 30.0
    ) -> Embeddings:
        """As `Client.embed`."""
        body = partial(embedding_body, texts, images, timeout)
        return await self._run(searching.embed(self._calls, body, timeout))
