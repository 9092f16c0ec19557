"""A search's hits as a picture, drawn by the contact sheet of the command."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lichtbild.display.packages import optional

if TYPE_CHECKING:
    from lichtbild.models import SearchResult


def save_sheet(result: SearchResult, path: str | Path, text: str | None) -> None:
    """Download the hits' pictures and write a PNG, JPEG or WebP, by the suffix. Raises MissingPackage and OSError, and
    ValueError for another suffix."""
    if Path(path).suffix.lower() not in (".png", ".jpg", ".jpeg", ".webp"):
        raise ValueError(f"{path}: a contact sheet is a .png, .jpg or .webp.")
    drawing = optional("lichtbild.cli.contact_sheet", "save()", "lichtbild[cli]")
    output = optional("lichtbild.cli.search_output", "save()", "lichtbild[cli]")
    drawing.draw_contact_sheet([drawing.SheetRow(output.sheet_hits(result), text)]).save(path)
