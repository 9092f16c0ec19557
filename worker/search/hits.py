"""Hits as typed results."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from shared.catalogue.interface import Photo, Vector
from shared.domain.search_results import FoundPhoto, Hit
from shared.uploads.thumbnails import thumbnail_of
from worker.search.paging import Group, shown_distance


def hit_of(group: Group, vectors: Sequence[Vector], *, include_embedding: bool) -> Hit:
    """The best row of a group, with the cosine similarity of each term's vector to the photo."""
    best = group.best
    similarities = np.stack(vectors) @ best.embedding / (np.linalg.norm(best.embedding) or 1.0)
    return Hit(
        best.photo.photo_id,
        best.photo.url,
        shown_distance(best),
        best.photo.attributes,
        similarities=[round(float(similarity), 6) for similarity in similarities],
        similar=tuple(
            FoundPhoto(
                row.photo.photo_id, row.photo.url, shown_distance(row), row.photo.attributes, **_picture(row.photo)
            )
            for row in group.similar
        ),
        embedding=best.embedding.tolist() if include_embedding else None,
        **_picture(best.photo),
    )


def _picture(photo: Photo) -> dict[str, Any]:
    """The fields of `PictureFacts`."""
    picture = photo.picture
    thumbnail = thumbnail_of(photo.url, picture.thumbnail)
    return {"width": picture.width or None, "height": picture.height or None, "thumbnail": thumbnail}
