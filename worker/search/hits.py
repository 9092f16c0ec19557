"""Hits as the JSON that the ledger stores and the API returns."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from shared.catalogue.interface import Hit, Vector
from worker.search.paging import Group


def hit_json(group: Group, vectors: Sequence[Vector], *, include_embedding: bool) -> dict[str, Any]:
    """The best hit of a group; `terms` is the cosine similarity of each term's vector to the photo."""
    best = group.best
    similarities = np.stack(vectors) @ best.embedding / (np.linalg.norm(best.embedding) or 1.0)
    hit = _photo_json(best)
    hit["terms"] = [round(float(similarity), 6) for similarity in similarities]
    if group.similar:
        hit["similar"] = [_photo_json(similar) for similar in group.similar]
    if include_embedding:
        hit["embedding"] = best.embedding.tolist()
    return hit


def _photo_json(hit: Hit) -> dict[str, Any]:
    return {
        "photo_id": hit.photo.photo_id,
        "url": hit.photo.url,
        "distance": round(max(0.0, hit.distance), 6),
        "attributes": hit.photo.attributes,
    }
