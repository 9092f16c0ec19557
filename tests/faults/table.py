"""What a collection's table holds, held against what it should: the ids, each once, with their own vectors."""

from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.settings import Settings
from tests.stack import Lichtbild
from worker.decoder import decode
from worker.encoder import ClipEncoder

# Two runs of a model differ by the batch that an image happens to be in; two pictures by a hundred times this.
_SAME = 1 - 1e-5
_SPOT_CHECKS = 300


class Table:
    """Reads whole collections, and embeds images itself."""

    def __init__(self, lichtbild: Lichtbild, model: Path) -> None:
        self._catalogue = lichtbild.catalogue
        self._encoder = ClipEncoder(Settings(model=str(model)))

    def check(self, collection: str, urls: Mapping[str, str], image_at: Callable[[str], bytes]) -> None:
        """The table holds these ids once each, with these URLs, and the vectors are those of the images there."""
        anything = np.ones(self._encoder.dimension, np.float32)
        hits = self._catalogue.search(collection, anything, 2 * len(urls) + 10)
        times = Counter(hit.photo.photo_id for hit in hits)
        assert {photo_id for photo_id, count in times.items() if count > 1} == set(), "doubled"
        assert urls.keys() - times.keys() == set(), "lost"
        assert times.keys() - urls.keys() == set(), "from nowhere"
        assert {hit.photo.photo_id: hit.photo.url for hit in hits} == dict(urls)
        assert self._catalogue.count(collection) == len(urls)

        ids = [hit.photo.photo_id for hit in hits]
        vectors = np.stack([hit.embedding for hit in hits])
        some = np.random.default_rng(7).permutation(len(ids))[:_SPOT_CHECKS]
        expected = self._embedded([image_at(urls[ids[n]]) for n in some])
        similarities = expected @ vectors.T
        own = similarities[np.arange(len(some)), some]
        assert {ids[n] for n, similarity in zip(some, own, strict=True) if similarity < _SAME} == set(), "swapped"
        nearest = similarities.argmax(axis=1)
        assert {ids[n] for n, near in zip(some, nearest, strict=True) if n != near} == set(), "another one is nearer"

    def _embedded(self, images: list[bytes]) -> NDArray[np.float32]:
        pixels = [self._encoder.prepare(decode(image, 10**9)) for image in images]
        batches = [self._encoder.encode_images(pixels[n : n + 8]) for n in range(0, len(pixels), 8)]
        return np.concatenate(batches)
