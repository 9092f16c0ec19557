"""Prints hits as a table, and prepares them for a contact sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lichtbild.cli.contact_sheet import SheetHit
from lichtbild.cli.pictures import fetch_pictures
from lichtbild.cli.terminal import show_table, write_line
from lichtbild.models import SearchResult

_DESCRIPTIONS = ("description", "photo_description", "ai_description", "caption", "title")
_LONGEST_DESCRIPTION = 90


def show_hits(result: SearchResult, offset: int = 0) -> None:
    """Print rank, distance, id with the number of folded near-duplicates, similarity to each term, and description."""
    rows = [
        (
            str(rank),
            f"{hit.distance:.4f}",
            f"{hit.photo_id} +{len(hit.similar)}" if hit.similar else hit.photo_id,
            " ".join(f"{similarity:.3f}" for similarity in hit.similarities),
            description(hit.attributes),
        )
        for rank, hit in enumerate(result.hits, start=offset + 1)
    ]
    show_table(("rank", "distance", "photo_id", "terms", "description"), rows, numbers=("rank", "distance"))


def show_took(result: SearchResult) -> None:
    """Print the number of hits and photos, and the time of each stage in milliseconds."""
    took = result.took_ms
    parts = ", ".join(f"{stage} {milliseconds:.1f}" for stage, milliseconds in took.items())
    found = f"{len(result.hits)} of {result.searchable_photos} photos"
    if result.pending_photos:
        found += f" ({result.pending_photos} pending)"
    write_line(f"{found} in {sum(took.values()):.1f} ms ({parts}) by {result.model}", "dim")


def sheet_hits(result: SearchResult) -> list[SheetHit]:
    """The hits with their pictures, downloaded from their URLs."""
    pictures = fetch_pictures(hit.url for hit in result.hits)
    return [
        SheetHit(hit.photo_id, hit.distance, description(hit.attributes), picture)
        for hit, picture in zip(result.hits, pictures, strict=True)
    ]


def description(attributes: Mapping[str, Any]) -> str:
    """The first attribute with a description, if any, cut to 90 characters."""
    text = next((attributes[name] for name in _DESCRIPTIONS if isinstance(attributes.get(name), str)), "")
    return text if len(text) <= _LONGEST_DESCRIPTION else text[: _LONGEST_DESCRIPTION - 1] + "…"
