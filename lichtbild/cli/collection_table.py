"""The table of collections that `lichtbild status` and `lichtbild collections list` print."""

from __future__ import annotations

from collections.abc import Iterable

from lichtbild.cli.terminal import show_table
from lichtbild.models import Collection

_COLUMNS = ("collection", "photos", "model", "dimension", "index")


def show_collections(collections: Iterable[Collection]) -> None:
    """Print one row per collection."""
    rows = [
        (found.name, str(found.photos), found.model, str(found.dimension), found.index.status) for found in collections
    ]
    show_table(_COLUMNS, rows, numbers=("photos", "dimension"))
