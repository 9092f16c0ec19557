"""The client's ingests: lists, files, streams, and pictures to upload."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from lichtbild import manifest
from lichtbild.client.running import Running
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


class IngestMethods(Running):
    """Starts ingests."""

    def ingest(
        self,
        items: Iterable[Item] | Table,
        collection: str = DEFAULT_COLLECTION,
        *,
        max_failed_ratio: float | None = None,
        preflight: int | None = None,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        callback_url: str | None = None,
        progress: OnSent | Bar | None = None,
    ) -> Job:
        """Start a job over `{"photo_id", "url", "attributes"}`, `(photo_id, url[, attributes])` or plain URLs, which
        are then the ids, too; items are sent while they are produced.

        `items` may be a pandas, polars or pyarrow table or a Hugging Face dataset with columns `photo_id` and `url`;
        others become attributes. `progress` is called with the number of items sent so far, or is "rich" or "tqdm" for
        a bar of that package.

        With `max_failed_ratio` the job pauses itself once more than that share has failed. With `preflight` only that
        many items, chosen at random, are tried: nothing is stored, and the job's `report` has estimates for the list.
        `name` and `metadata` label the job; its end is reported to `callback_url` (a webhook).

        A list is sent again if the connection breaks or the API is busy, and makes one job however often it is sent.
        A generator can be read only once: OutcomeUnknown is raised if the connection breaks after its last item.
        Also raises InvalidItem, which names the item that cannot be sent.
        """
        job = IngestOptions(collection, max_failed_ratio, preflight, name, metadata, callback_url)
        with sending(progress, items) as on_sent:
            source = partial(manifest.from_items, items, on_sent)
            return self._run(ingesting.ingest(self._calls, source, job))

    def ingest_file(
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
        """Like `ingest`, from a `.tsv`, `.csv`, `.txt`, `.json` or `.ndjson` file (also `.gz`), a `.parquet` file, or
        the zip of Unsplash's dataset; at most `limit` rows. `options` state how it is to be read.

        Also raises UnknownFormat, BrokenFile, MissingPackage and OSError.
        """
        job = IngestOptions(collection, max_failed_ratio, preflight, name, metadata, callback_url)
        source = partial(manifest.from_file, Path(path), limit, options)
        return self._run(ingesting.ingest(self._calls, source, job))

    def ingest_ndjson(
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
        """Like `ingest`, from a binary stream, which is read once: NDJSON, JSON, a table, or a list of URLs."""
        job = IngestOptions(collection, max_failed_ratio, preflight, name, metadata, callback_url)
        source = partial(manifest.from_stream, stream, limit, options)
        return self._run(ingesting.ingest(self._calls, source, job))

    def upload(self, pictures: Iterable[Upload], collection: str = DEFAULT_COLLECTION) -> list[Job]:
        """Upload pictures: paths, which are also the ids, or `(id, bytes)` or `(id, path)`; return their jobs.

        They are sent in windows of at most 64 pictures and 32 MB, one job each. Jobs accepted before an error continue.
        Also raises OSError, and InvalidItem for anything else than a picture.
        """
        check_uploads(pictures)
        return self._run(ingesting.upload(self._calls, Source(pictures), collection))

    def upload_window(self, window: Window, collection: str = DEFAULT_COLLECTION, *, name: str | None = None) -> Job:
        """Upload the pictures of one window as one job; repeating it makes no second job. Also raises OSError."""
        return self._run(ingesting.upload_window(self._calls, window, collection, name))
