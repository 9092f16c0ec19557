"""Checks that a collection's table contains each id once, with its own vector."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.catalogue.interface import Hit
from shared.settings import Settings
from tests.stack import Lichtbild
from worker.images.decoder import decode
from worker.model.encoder import ClipEncoder

# Vectors of one image differ between batches by less than 1e-5; vectors of two pictures by a hundred times as much.
_SAME = 1 - 1e-5
_SPOT_CHECKS = 300


class Table:
    """Reads whole collections, and embeds images for comparison."""

    def __init__(self, lichtbild: Lichtbild, model: Path) -> None:
        self._lichtbild = lichtbild
        self._catalogue = lichtbild.catalogue
        self._encoder = ClipEncoder(Settings(model=str(model)))

    def check(self, collection: str, urls: Mapping[str, str], image_at: Callable[[str], bytes]) -> None:
        """Assert that the table has these ids once each, with these URLs, and the vectors of the images at the URLs."""
        hits = self._hits(collection, 2 * len(urls) + 10)
        times = Counter(hit.photo.photo_id for hit in hits)
        assert {photo_id for photo_id, count in times.items() if count > 1} == set(), "doubled"
        assert urls.keys() - times.keys() == set(), "lost"
        assert times.keys() - urls.keys() == set(), "from nowhere"
        assert {hit.photo.photo_id: hit.photo.url for hit in hits} == dict(urls)
        assert self._catalogue.count(collection) == len(urls)
        self.check_rows(collection, len(urls))
        self.check_vectors(collection, urls, image_at)

    def check_rows(self, collection: str, count: int) -> None:
        """Read the table without FINAL, which hides doubled rows.

        Two workers may have written a photo: rows of one id and version hold the same photo, and merge into one row.
        """
        differing = self._lichtbild.sql(
            f"SELECT photo_id FROM `{collection}` GROUP BY photo_id, version"
            " HAVING uniqExact(photo_image_url, content_hash, attributes, deleted) > 1"
        )
        assert differing == []
        self._lichtbild.sql(f"OPTIMIZE TABLE `{collection}` FINAL")
        [[rows, ids]] = self._lichtbild.sql(f"SELECT count(), uniqExact(photo_id) FROM `{collection}`")
        assert (int(rows), int(ids)) == (count, count), "doubled"

    def check_vectors(self, collection: str, urls: Mapping[str, str], image_at: Callable[[str], bytes]) -> None:
        """Embed some of these images again: the nearest vector in the table must be the one under the image's id."""
        hits = self._hits(collection, self._catalogue.count(collection))
        index = {hit.photo.photo_id: n for n, hit in enumerate(hits)}
        some = np.random.default_rng(7).permutation(sorted(urls))[:_SPOT_CHECKS].tolist()
        expected = self._embedded([image_at(urls[photo_id]) for photo_id in some])
        similarities = expected @ np.stack([hit.embedding for hit in hits]).T
        own = {photo_id: row[index[photo_id]] for photo_id, row in zip(some, similarities, strict=True)}
        assert {photo_id for photo_id, similarity in own.items() if similarity < _SAME} == set(), "swapped"
        nearer = {photo_id for photo_id, row in zip(some, similarities, strict=True) if row.max() > own[photo_id]}
        assert nearer == set(), "another vector is nearer"

    def _hits(self, collection: str, count: int) -> list[Hit]:
        """All rows, from a search with any vector and this limit."""
        return self._catalogue.search(collection, np.ones(self._encoder.dimension, np.float32), count)

    def _embedded(self, images: list[bytes]) -> NDArray[np.float32]:
        pixels = [self._encoder.prepare(decode(image, 10**9)) for image in images]
        batches = [self._encoder.encode_images(pixels[n : n + 8]) for n in range(0, len(pixels), 8)]
        return np.concatenate(batches)
