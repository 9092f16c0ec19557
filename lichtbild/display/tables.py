"""The hits of a search as a table: for a terminal (rich), as a pandas data frame, as an Arrow table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from lichtbild.display.packages import optional

if TYPE_CHECKING:
    from lichtbild.models import Hit, SearchResult


def rich_table(result: SearchResult) -> Any:
    """A `rich.table.Table`; values are shown as they are, without markup or control characters."""
    text = optional("rich.text", "A table in a terminal", "lichtbild[cli]").Text
    table = optional("rich.table", "A table in a terminal", "lichtbild[cli]").Table(box=None)
    for name in ("rank", "distance"):
        table.add_column(name, justify="right")
    for name in ("photo_id", "similarities", "url"):
        table.add_column(name, overflow="fold" if name == "photo_id" else "ellipsis", no_wrap=name == "url")
    for rank, hit in enumerate(result.hits, start=1):
        similarities = " ".join(f"{similarity:.3f}" for similarity in hit.similarities)
        cells = (str(rank), f"{hit.distance:.4f}", hit.photo_id, similarities, hit.url)
        table.add_row(*(text(_printable(cell)) for cell in cells))
    return table


def data_frame(result: SearchResult) -> Any:
    """A `pandas.DataFrame` with one row per hit; `attributes` are dicts."""
    pandas = optional("pandas", "to_pandas()", "pandas")
    return pandas.DataFrame([_row(rank, hit) for rank, hit in enumerate(result.hits, start=1)], columns=[*_COLUMNS])


def arrow_table(result: SearchResult) -> Any:
    """A `pyarrow.Table` with one row per hit; `attributes` are JSON, since their types may differ from hit to hit."""
    arrow = optional("pyarrow", "to_arrow()", "pyarrow")
    types = {
        "rank": arrow.int32(),
        "distance": arrow.float64(),
        "similarities": arrow.list_(arrow.float64()),
        "width": arrow.int32(),
        "height": arrow.int32(),
        "embedding": arrow.list_(arrow.float32()),
    }
    schema = arrow.schema([(name, types.get(name, arrow.string())) for name in _COLUMNS])
    rows = [_row(rank, hit) for rank, hit in enumerate(result.hits, start=1)]
    encoded = [{**row, "attributes": json.dumps(row["attributes"], ensure_ascii=False)} for row in rows]
    return arrow.Table.from_pylist(encoded, schema=schema)


_COLUMNS = (
    "rank",
    "photo_id",
    "url",
    "distance",
    "similarities",
    "attributes",
    "width",
    "height",
    "thumbnail",
    "embedding",
)


def _row(rank: int, hit: Hit) -> dict[str, Any]:
    return {
        "rank": rank,
        "photo_id": hit.photo_id,
        "url": hit.url,
        "distance": hit.distance,
        "similarities": list(hit.similarities),
        "attributes": dict(hit.attributes),
        "width": hit.width,
        "height": hit.height,
        "thumbnail": hit.thumbnail,
        "embedding": None if hit.embedding is None else list(hit.embedding),
    }


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
