"""Prints hits as a table, and prepares them for a contact sheet."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lichtbild.cli.contact_sheet import SheetHit
from lichtbild.cli.pictures import fetch_pictures
from lichtbild.cli.terminal import show_table, write_line
from lichtbild.models import Hit, SearchResult

_DESCRIPTIONS = ("description", "photo_description", "ai_description", "caption", "title")
_LONGEST_DESCRIPTION = 90


# The id has the number of folded near-duplicates, `terms` the similarity to each term of the query.
_COLUMNS: Mapping[str, Callable[[int, Hit], str]] = {
    "rank": lambda rank, _: str(rank),
    "distance": lambda _, hit: f"{hit.distance:.4f}",
    "photo_id": lambda _, hit: f"{hit.photo_id} +{len(hit.similar)}" if hit.similar else hit.photo_id,
    "terms": lambda _, hit: " ".join(f"{similarity:.3f}" for similarity in hit.similarities),
    # An uploaded file without a description leads back to itself.
    "description": lambda _, hit: description(hit.attributes) or str(hit.attributes.get("file", "")),
    "url": lambda _, hit: hit.url,
}
DEFAULT_COLUMNS = ("rank", "distance", "photo_id", "terms", "description")


def show_hits(result: SearchResult, offset: int = 0, columns: Sequence[str] = DEFAULT_COLUMNS) -> None:
    """Print a table of the hits. A column is one of the above, or else the attribute of this name."""
    rows = [[_cell(name, rank, hit) for name in columns] for rank, hit in enumerate(result.hits, start=offset + 1)]
    show_table(columns, rows, numbers=("rank", "distance"))


def _cell(column: str, rank: int, hit: Hit) -> str:
    if column in _COLUMNS:
        return _COLUMNS[column](rank, hit)
    value = hit.attributes.get(column, "")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def show_took(result: SearchResult) -> None:
    """Print the number of hits and photos, and the time of each stage in milliseconds."""
    took = result.took_ms
    parts = ", ".join(f"{stage} {milliseconds:.1f}" for stage, milliseconds in took.items())
    found = f"{len(result.hits)} of {result.searchable_photos} photos"
    if result.pending_photos:
        found += f" ({result.pending_photos} pending)"
    write_line(f"{found} in {sum(took.values()):.1f} ms ({parts}) by {result.model}", "dim")


def sheet_hits(result: SearchResult) -> list[SheetHit]:
    """The hits with their pictures, downloaded from their thumbnails, or from their URLs if they have none."""
    fetched = fetch_pictures(hit.thumbnail or hit.url for hit in result.hits)
    return [
        SheetHit(hit.photo_id, hit.distance, description(hit.attributes), found.picture, found.problem)
        for hit, found in zip(result.hits, fetched, strict=True)
    ]


def description(attributes: Mapping[str, Any]) -> str:
    """The first attribute with a description, if any, cut to 90 characters."""
    text = next((attributes[name] for name in _DESCRIPTIONS if isinstance(attributes.get(name), str)), "")
    return text if len(text) <= _LONGEST_DESCRIPTION else text[: _LONGEST_DESCRIPTION - 1] + "…"
