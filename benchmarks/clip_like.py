"""Vectors with the shape of CLIP's, as many as a measurement wants, where no real ones can be had.

Photos lie in a narrow cone around a mean of their own, in clusters of very different size; texts lie in another cone,
off the photos', and lean only a little towards what they speak of (Liang et al., "Mind the Gap", 2022; Levi and Gilboa,
"The Double-Ellipsoid Geometry of CLIP", 2025). The spread around both means falls with the direction's number, so that
a few dozen of the directions carry most of it. The numbers below are chosen to give cosines like those of ViT-B/32:
about 0.5 between any two photos, 0.75 between any two texts, 0.17 between a text and any photo, 0.35 between a text and
its best ones. They are fitted to no set of photos.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]

PHOTOS_PER_CLUSTER = 50
_PHOTO_MEAN, _TEXT_MEAN = 0.5, 0.75  # the cosine between any two of a kind: the square of what lies along the mean
_BETWEEN_MEANS = 0.28
_WITHIN_CLUSTER = 0.6  # of a photo's own part, the share of its square that its cluster has in common
_TEXT_ABOUT = 0.25  # the same of a text and the photos that it speaks of
_BLOCK = 50_000


@dataclass(frozen=True)
class Space:
    """Two cones and the clusters' directions, float32 unit vectors of one length."""

    photo_mean: Matrix
    text_mean: Matrix
    clusters: Matrix
    popularity: NDArray[np.float64]
    spread: Matrix

    @property
    def dimension(self) -> int:
        return len(self.photo_mean)


def make_space(photos: int, dimension: int = 512, seed: int = 1) -> Space:
    """The same for the same arguments; clusters as many as `photos` have, their sizes falling like 1/rank."""
    rng = np.random.default_rng([seed, dimension])
    axes = np.linalg.qr(rng.standard_normal((dimension, dimension)))[0].astype(np.float32)
    photo_mean = axes[0]
    text_mean = _unit(_BETWEEN_MEANS * axes[:1] + np.sqrt(1 - _BETWEEN_MEANS**2) * axes[1:2])[0]
    # Variances like 1/n, as of principal components; both means are left out of it.
    spread = np.asarray(axes[2:] / np.sqrt(np.arange(1, dimension - 1))[:, None], np.float32)
    count = max(2, photos // PHOTOS_PER_CLUSTER)
    popularity = 1 / (np.arange(count) + 20.0)
    return Space(photo_mean, text_mean, _directions(rng, spread, count), popularity / popularity.sum(), spread)


def photos(space: Space, count: int, seed: int) -> Matrix:
    """Unit vectors of photos, (count, dimension), never the same for two seeds."""
    rng = np.random.default_rng([2, seed])
    vectors = np.empty((count, space.dimension), np.float32)
    for start in range(0, count, _BLOCK):
        size = min(_BLOCK, count - start)
        own = _mixed(rng, space, _some_clusters(rng, space, size), _WITHIN_CLUSTER)
        vectors[start : start + size] = _in_cone(own, space.photo_mean, _PHOTO_MEAN)
    return vectors


def texts(space: Space, count: int, seed: int) -> Matrix:
    """Unit vectors of texts, each about one or two of the clusters."""
    rng = np.random.default_rng([3, seed])
    about = _some_clusters(rng, space, count)
    second = rng.random(count) < 0.5
    about[second] = _unit(about[second] + _some_clusters(rng, space, int(second.sum())))
    return _in_cone(_mixed(rng, space, about, _TEXT_ABOUT), space.text_mean, _TEXT_MEAN)


def combined(space: Space, count: int, seed: int) -> Matrix:
    """What a query of a photo and a text is searched by: the normalised mean of their unit vectors."""
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
