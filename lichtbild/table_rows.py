"""Items from tables of other libraries, recognised by their methods: none of the libraries is imported."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from numbers import Integral
from typing import Any, Protocol

from lichtbild.errors import InvalidItem

# Rows that are converted at once.
_BATCH = 1000
Rows = Callable[[], Iterator[Mapping[str, Any]]]
_ID_COLUMNS, _URL_COLUMNS = ("photo_id", "id"), ("url", "photo_image_url")


class HasColumns(Protocol):
    """A pandas or polars data frame."""

    @property
    def columns(self) -> Any: ...


class HasSchema(Protocol):
    """A pyarrow table or dataset."""

    @property
    def schema(self) -> Any: ...


class HasFeatures(Protocol):
    """A Hugging Face dataset."""

    @property
    def features(self) -> Any: ...


Table = HasColumns | HasSchema | HasFeatures


def rows_of(table: Any) -> Rows | None:
    """What yields the rows of a pandas, polars or pyarrow table, or of a Hugging Face dataset, batch by batch; None for
    anything else. It can be called again for the same rows, except for a streamed dataset's."""
    if hasattr(table, "iter_rows") and hasattr(table, "columns"):  # polars
        return lambda: table.iter_rows(named=True)
    if hasattr(table, "itertuples") and hasattr(table, "columns"):  # pandas
        return lambda: _pandas_rows(table)
    if hasattr(table, "to_batches") and hasattr(table, "schema"):  # pyarrow
        return lambda: _arrow_rows(table)
    if hasattr(table, "features") and hasattr(table, "info"):  # datasets: Dataset and IterableDataset
        return lambda: iter(table)
    return None


def table_items(rows: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Items from rows: `photo_id` or `id`, `url` or `photo_image_url`; other columns are attributes, and so are the
    entries of a column `attributes` with a mapping. Empty cells are no attributes. Raises InvalidItem."""
    for row in rows:
        values = dict(row)
        photo_id, url = _taken(values, _ID_COLUMNS), _taken(values, _URL_COLUMNS)
        # Tables often number their rows; ids are text.
        item = {"photo_id": str(photo_id) if isinstance(photo_id, Integral) else photo_id, "url": url}
        nested = values.get("attributes")
        if isinstance(nested, Mapping):
            del values["attributes"]
            values |= nested
        yield {**item, "attributes": {str(name): value for name, value in values.items() if not is_empty(value)}}


def _taken(values: dict[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if name in values:
            return values.pop(name)
    raise InvalidItem(f"The table has no column {' or '.join(map(repr, names))}.")


def is_empty(value: Any) -> bool:
    """None, and NaN, NaT and pandas.NA, which are missing values there."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    is_float = isinstance(value, float) or str(getattr(value, "dtype", "")).startswith("float")
    return is_float and getattr(value, "shape", ()) == () and math.isnan(value)


def _pandas_rows(frame: Any) -> Iterator[Mapping[str, Any]]:
    names = [str(name) for name in frame.columns]
    for values in frame.itertuples(index=False, name=None):
        yield dict(zip(names, values, strict=True))


def _arrow_rows(table: Any) -> Iterator[Mapping[str, Any]]:
    for batch in table.to_batches(max_chunksize=_BATCH) if hasattr(table, "num_columns") else table.to_batches():
        yield from batch.to_pylist()
