"""Synthetic vectors distributed like CLIP's, in any number, for measurements without real photos.

Photos lie in a narrow cone around their own mean, in clusters of very different sizes. Texts lie in another cone and
lean only slightly towards the photos they describe (Liang et al., "Mind the Gap", 2022; Levi and Gilboa, "The
Double-Ellipsoid Geometry of CLIP", 2025). The variance around both means falls like 1/n over the directions, so a few
dozen directions carry most of it. The constants below give cosines like those of ViT-B/32: about 0.5 between any two
photos, 0.75 between any two texts, 0.17 between a text and any photo, 0.35 between a text and its best photos. They
are not fitted to a set of photos.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

PHOTOS_PER_CLUSTER = 50
_PHOTO_MEAN, _TEXT_MEAN = 0.5, 0.75  # cosine between two of a kind = squared component along the mean
_BETWEEN_MEANS = 0.28
_WITHIN_CLUSTER = 0.6  # share of the variance around the mean that a photo has in common with its cluster
_TEXT_ABOUT = 0.25  # the same for a text and the photos it describes
_BLOCK = 50_000


@dataclass(frozen=True)
class Space:
    """The axes of both cones and the clusters' directions, all float32 unit vectors of `dimension` numbers."""

    photo_mean: Matrix
    text_mean: Matrix
    clusters: Matrix
    popularity: NDArray[np.float64]
    spread: Matrix

    @property
    def dimension(self) -> int:
        return len(self.photo_mean)


def make_space(photos: int, dimension: int = 512, seed: int = 1) -> Space:
    """Deterministic. One cluster for every 50 photos; cluster sizes fall like 1/rank."""
    rng = np.random.default_rng([seed, dimension])
    axes = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0].astype(np.float32)
    photo_mean = axes[0]
    text_mean = _unit(_BETWEEN_MEANS * axes[:1] + np.sqrt(1 - _BETWEEN_MEANS**2) * axes[1:2])[0]
    # Variances like 1/n, as for principal components. The plane of the two means has none.
    spread = np.asarray(axes[2:] / np.sqrt(np.arange(1, dimension - 1))[:, None], np.float32)
    count = max(2, photos // PHOTOS_PER_CLUSTER)
    popularity = 1 / (np.arange(count) + 20.0)
    return Space(photo_mean, text_mean, _directions(rng, spread, count), popularity / popularity.sum(), spread)


def photos(space: Space, count: int, seed: int) -> Matrix:
    """Unit vectors of photos, (count, dimension), different for each seed."""
    rng = np.random.default_rng([2, seed])
    vectors = np.empty((count, space.dimension), np.float32)
    for start in range(0, count, _BLOCK):
        size = min(_BLOCK, count - start)
        own = _mixed(rng, space, _some_clusters(rng, space, size), _WITHIN_CLUSTER)
        vectors[start : start + size] = _in_cone(own, space.photo_mean, _PHOTO_MEAN)
    return vectors


def texts(space: Space, count: int, seed: int) -> Matrix:
    """Unit vectors of texts, (count, dimension), each about one or two clusters."""
    rng = np.random.default_rng([3, seed])
    about = _some_clusters(rng, space, count)
    second = rng.random(count) < 0.5
    about[second] = _unit(about[second] + _some_clusters(rng, space, int(second.sum())))
    return _in_cone(_mixed(rng, space, about, _TEXT_ABOUT), space.text_mean, _TEXT_MEAN)


def combined(space: Space, count: int, seed: int) -> Matrix:
    """Query vectors of a photo and a text: the normalised mean of their unit vectors, (count, dimension)."""
    return _unit(photos(space, count, seed) + texts(space, count, seed))


def _some_clusters(rng: np.random.Generator, space: Space, count: int) -> Matrix:
    return space.clusters[rng.choice(len(space.clusters), count, p=space.popularity)]


def _mixed(rng: np.random.Generator, space: Space, towards: Matrix, share: float) -> Matrix:
    own = _directions(rng, space.spread, len(towards))
    return _unit(np.float32(np.sqrt(share)) * towards + np.float32(np.sqrt(1 - share)) * own)


def _in_cone(own: Matrix, mean: Matrix, share: float) -> Matrix:
    return _unit(np.float32(np.sqrt(share)) * mean + np.float32(np.sqrt(1 - share)) * own)


def _directions(rng: np.random.Generator, spread: Matrix, count: int) -> Matrix:
    return _unit(rng.standard_normal((count, len(spread)), dtype=np.float32) @ spread)


def _unit(vectors: Matrix) -> Matrix:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)
