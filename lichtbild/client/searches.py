"""The client's searches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from lichtbild.client.running import Running
from lichtbild.core import searching
from lichtbild.core.calls import DEFAULT_COLLECTION
from lichtbild.models import SearchResult
from lichtbild.query import search_body
from lichtbild.query_image import QueryImage


class SearchMethods(Running):
    """Searches photos."""

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
        timeout: float = 30.0,
    ) -> SearchResult:
        """Return the photos nearest to the query: the mean of the given text, image, stored photo and `terms`.

        `image` is a URL, a path, an image's bytes, a PIL image, or an array of 8-bit pixels with the shape (height,
        width) or (height, width, 3 or 4). `terms` are further terms with a weight, which may be negative: `{"text":
        "people", "weight": -0.5}`. `filter` is a condition on attributes: `{"width": {"gte": 2000}}`. `group_distance`
        folds near-duplicates into the best of them. `exact` scans all vectors even if there is an index. With
        `after_job` the search starts once that ingest or deletion has ended.

        Also raises JobFailed, StillRunning after `timeout` seconds, OSError if the image file cannot be read, and
        ValueError for an array of another form.
        """
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
        return self._run(searching.search(self._calls, body, timeout))
