"""The asynchronous client's ingests: lists, files, streams, and pictures to upload."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from lichtbild import manifest
from lichtbild.async_client.running import AsyncRunning
from lichtbild.core import ingesting
from lichtbild.core.calls import DEFAULT_COLLECTION
from lichtbild.core.ingesting import IngestOptions
from lichtbild.core.sources import Source
from lichtbild.display.progress import Bar, OnSent, sending
from lichtbild.item_lines import Item
from lichtbild.list_options import DEFAULT_OPTIONS, ListOptions
from lichtbild.models import Job
from lichtbild.table_rows import Table
from lichtbild.uploads import Upload, Window, check_uploads


class AsyncIngestMethods(AsyncRunning):
    """Starts ingests."""

    async def ingest(
        self,
        items: Iterable[Item] | AsyncIterable[Item] | Table,
        collection: str = DEFAULT_COLLECTION,
        *,
        max_failed_ratio: float | None = None,
        preflight: int | None = None,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        callback_url: str | None = None,
        progress: OnSent | Bar | None = None,
    ) -> Job:
        """As `Client.ingest`."""
        job = IngestOptions(collection, max_failed_ratio, preflight, name, metadata, callback_url)
        with sending(progress, items) as on_sent:
            source = partial(manifest.from_items, items, on_sent)
            return await self._run(ingesting.ingest(self._calls, source, job))

    async def ingest_file(
        self,
        path: str | Path,
        collection: str = DEFAULT_COLLECTION,
        limit: int | None = None,
        *,
        max_failed_ratio: float | None = None,
        preflight: int | None = None,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        callback_url: str | None = None,
        options: ListOptions = DEFAULT_OPTIONS,
    ) -> Job:
        """As `Client.ingest_file`."""
        job = IngestOptions(collection, max_failed_ratio, preflight, name, metadata, callback_url)
        source = partial(manifest.from_file, Path(path), limit, options)
        return await self._run(ingesting.ingest(self._calls, source, job))

    async def ingest_ndjson(
        self,
        stream: BinaryIO,
        collection: str = DEFAULT_COLLECTION,
        limit: int | None = None,
        *,
        max_failed_ratio: float | None = None,
        preflight: int | None = None,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        callback_url: str | None = None,
        options: ListOptions = DEFAULT_OPTIONS,
    ) -> Job:
        """As `Client.ingest_ndjson`."""
        job = IngestOptions(collection, max_failed_ratio, preflight, name, metadata, callback_url)
        source = partial(manifest.from_stream, stream, limit, options)
        return await self._run(ingesting.ingest(self._calls, source, job))

    async def upload(
        self, pictures: Iterable[Upload] | AsyncIterable[Upload], collection: str = DEFAULT_COLLECTION
    ) -> list[Job]:
        """As `Client.upload`."""
        check_uploads(pictures)
        return await self._run(ingesting.upload(self._calls, Source(pictures), collection))

    async def upload_window(
        self, window: Window, collection: str = DEFAULT_COLLECTION, *, name: str | None = None
    ) -> Job:
        """As `Client.upload_window`."""
        return await self._run(ingesting.upload_window(self._calls, window, collection, name))
