"""The client's searches and embeddings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from lichtbild.client.running import Running
from lichtbild.core import searching
from lichtbild.core.calls import DEFAULT_COLLECTION
from lichtbild.models import Embeddings, Job, SearchResult
from lichtbild.query import Search, batch_body, embedding_body, search_body
from lichtbild.query_image import QueryImage


class SearchMethods(Running):
    """Searches photos, and embeds texts and images."""

    def search(
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
        """Return the photos nearest to the query: the mean of the given text, image, stored photo and `terms`.

        `image` is a URL, a path, an image's bytes, a PIL image, or an array of 8-bit pixels with the shape (height,
        width) or (height, width, 3 or 4). `terms` are further terms with a weight, which may be negative: `{"text":
        "people", "weight": -0.5}`. `filter` is a condition on attributes: `{"width": {"gte": 2000}}`. `group_distance`
        folds near-duplicates into the best of them. `exact` scans all vectors even if there is an index. With
        `after_job` the search starts once that ingest or deletion has ended. `name` and `metadata` label its
        job, whose end is reported to `callback_url` (a webhook).

        Also raises JobFailed, StillRunning after `timeout` seconds, OSError if the image file cannot be read, and
        ValueError for an array of another form.
        """
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
        return self._run(searching.search(self._calls, partial(search_body, query, timeout), timeout))

    def search_batch(self, searches: Iterable[Search], timeout: float = 30.0) -> list[Job]:
        """Several searches in one request, at most 100: `[{"text": "a harbour"}, {"text": "snow", "top_k": 3}]`, each
        with arguments of `search`. Return their jobs once all have ended: check the `status` of each; if it succeeded,
        `result` has the hits.

        If one search is invalid, none is started. Also raises StillRunning after `timeout` seconds, and OSError and
        ValueError for images that cannot be sent.
        """
        return self._run(searching.search_batch(self._calls, partial(batch_body, searches, timeout), timeout))

    def embed(
        self, texts: Iterable[str] = (), images: Iterable[QueryImage] = (), *, timeout: float = 30.0
    ) -> Embeddings:
        """The unit vectors of texts and of images, at most 64 together, in this order, by the model of the searches.

        An input that fails has an `error` in place of its vector. Also raises JobFailed, StillRunning after `timeout`
        seconds, and OSError and ValueError for images that cannot be sent.
        """
        body = partial(embedding_body, texts, images, timeout)
        return self._run(searching.embed(self._calls, body, timeout))
