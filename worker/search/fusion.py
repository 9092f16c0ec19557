"""Combines the vectors of a query's terms into one query vector."""

from collections.abc import Sequence

import numpy as np

from shared.catalogue.interface import Vector
from shared.errors import ItemError


def fuse(vectors: Sequence[Vector], weights: Sequence[float]) -> Vector:
    """The weighted sum of unit vectors, renormalised. One text and one image of equal weight: their plain mean.

    Raises ItemError `terms_cancel_out` if the sum is zero.
    """
    total = np.asarray(weights, np.float64) @ np.stack(vectors).astype(np.float64)
    length = float(np.linalg.norm(total))
    if length < 1e-6:
        raise ItemError("terms_cancel_out", "The terms cancel each other out; change their weights.")
    return (total / length).astype(np.float32)


def effective_weights(weights: Sequence[float]) -> list[float]:
    """Each term's share of the sum, with its sign; the absolute values add up to 1."""
    whole = sum(map(abs, weights)) or 1.0
    return [round(weight / whole, 6) for weight in weights]
