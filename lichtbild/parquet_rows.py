"""The rows of a parquet file, batch by batch, without the columns that are no attributes, such as image bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from lichtbild.errors import MissingPackage, UnknownFormat
from lichtbild.table_rows import is_empty

# Rows that are held in memory at once.
_BATCH = 1000


def read_rows(path: Path) -> Iterator[Mapping[str, Any]]:
    """Each row, without empty cells. Columns of bytes are not read from the file.

    Raises MissingPackage without pyarrow, UnknownFormat and OSError immediately.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise MissingPackage(f"{path}: parquet needs pyarrow: pip install 'lichtbild[parquet]'.") from None
    try:
        file = parquet.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise UnknownFormat(f"{path}: this is not parquet: {str(error).splitlines()[0]}") from None
    columns = [field.name for field in file.schema_arrow if _is_plain(field.type, pa.types)]
    return _rows(file, columns)


def _rows(file: Any, columns: list[str]) -> Iterator[Mapping[str, Any]]:
    with file:
        for batch in file.iter_batches(batch_size=_BATCH, columns=columns, use_threads=False):
            for row in batch.to_pylist():
                yield {
                    name: float(value) if isinstance(value, Decimal) else value
                    for name, value in row.items()
                    if not is_empty(value)
                }


def _is_plain(kind: Any, types: Any) -> bool:
    """Whether values of an Arrow type have a form in JSON."""
    if types.is_dictionary(kind) or types.is_list(kind) or types.is_large_list(kind):
        return _is_plain(kind.value_type, types)
    if types.is_struct(kind):
        return all(_is_plain(kind.field(n).type, types) for n in range(kind.num_fields))
    numbers = types.is_integer, types.is_floating, types.is_decimal, types.is_boolean
    others = types.is_string, types.is_large_string, types.is_date, types.is_time, types.is_timestamp
    return any(test(kind) for test in (*numbers, *others))
