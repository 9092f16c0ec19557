"""Hits as typed results, and a result as the JSON that the ledger stores."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from shared.catalogue.interface import Hit as FoundRow
from shared.catalogue.interface import Vector
from shared.domain.results import FoundPhoto, Hit, SearchResult, SearchTimes
from worker.search.paging import Group


def hit_of(group: Group, vectors: Sequence[Vector], *, include_embedding: bool) -> Hit:
    """The best row of a group, with the cosine similarity of each term's vector to the photo."""
    best = group.best
    similarities = np.stack(vectors) @ best.embedding / (np.linalg.norm(best.embedding) or 1.0)
    return Hit(
        best.photo.photo_id,
        best.photo.url,
        _distance(best),
        best.photo.attributes,
        terms=[round(float(similarity), 6) for similarity in similarities],
        similar=tuple(
            FoundPhoto(row.photo.photo_id, row.photo.url, _distance(row), row.photo.attributes) for row in group.similar
        ),
        embedding=best.embedding.tolist() if include_embedding else None,
    )


def result_json(result: SearchResult) -> dict[str, Any]:
    """As stored in the ledger, without unset fields. (`asdict` would copy each number of each vector.)"""
    hits = [
        {**_json_of(hit), **({"similar": [_json_of(photo) for photo in hit.similar]} if hit.similar else {})}
        for hit in result.hits
    ]
    return {**_json_of(result), "hits": hits, "took_ms": _json_of(result.took_ms)}


def _json_of(value: SearchResult | SearchTimes | FoundPhoto) -> dict[str, Any]:
    named = ((field, getattr(value, field.name)) for field in fields(value))
    return {field.name: content for field, content in named if content is not field.default}


def _distance(row: FoundRow) -> float:
    return round(max(0.0, row.distance), 6)
