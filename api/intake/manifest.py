"""Reads the rows of a list from the request stream, one by one: JSON, NDJSON, CSV, TSV, plain URLs."""

import io
from collections.abc import Callable, Iterator, Mapping

from api.intake.lists.objects import read_json, read_ndjson
from api.intake.lists.options import ListOptions
from api.intake.lists.row import Row
from api.intake.lists.tables import read_table, read_urls
from api.intake.lists.text import read_lines
from shared.errors import UnsupportedTypeError

Reader = Callable[[io.BufferedReader, ListOptions], Iterator[Row]]

_READERS: Mapping[str, Reader] = {
    "application/json": read_json,
    "application/x-ndjson": lambda body, options: read_ndjson(read_lines(body, options.charset), options),
    "text/csv": lambda body, options: read_table(read_lines(body, options.charset), options),
    "text/tab-separated-values": lambda body, options: read_table(read_lines(body, options.charset), options),
    "text/plain": lambda body, options: read_urls(read_lines(body, options.charset), options),
}


def read_manifest(stream: io.BufferedReader, media_type: str, options: ListOptions) -> Iterator[Row]:
    """Yield the rows of a list, good and bad.

    Raises UnsupportedTypeError, MalformedError or InvalidRequestError if it cannot be read as a list at all.
    """
    if media_type not in _READERS:
        known = ", ".join(_READERS)
        raise UnsupportedTypeError(f"Content-Type must be one of {known}, not {media_type or 'missing'}.")
    return _READERS[media_type](stream, options)
