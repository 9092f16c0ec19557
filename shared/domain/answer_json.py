"""The JSON of an answer, as clients see it and as the ledger stores the result of a search."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from typing import Any


def to_json(value: Any) -> Any:
    """The JSON of an answer of `results.py`. Fields that have their default are left out.

    Mappings, and sequences that begin with neither an answer nor None, are JSON already and are not copied: a vector
    has 512 numbers.
    """
    if is_dataclass(value) and not isinstance(value, type):
        contents = {field.name: (getattr(value, field.name), field.default) for field in fields(value)}
        return {name: to_json(content) for name, (content, default) in contents.items() if content != default}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, Sequence) and value and (value[0] is None or is_dataclass(value[0])):
        return [to_json(entry) for entry in value]
    return dict(value) if isinstance(value, Mapping) else value
