"""What a request gives its job to be found by: the request's id, a name, and metadata."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MAX_NAME_BYTES = 256
MAX_METADATA_BYTES = 4096


@dataclass(frozen=True, slots=True)
class JobLabels:
    """None of them changes what the job does. `metadata` are JSON values."""

    request_id: str | None = None
    name: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


def name_problem(name: str) -> str | None:
    """What is wrong with the name of a job, or None."""
    if not name.strip():
        return "must not be empty"
    if not name.isprintable():
        return "must be one line of printable characters"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"must be at most {MAX_NAME_BYTES} bytes of UTF-8"
    return None


def metadata_problem(metadata: Mapping[str, Any]) -> str | None:
    """What is wrong with the metadata of a job, or None."""
    try:
        size = len(json.dumps(metadata, ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, RecursionError):
        return "must be JSON: finite numbers, no unpaired surrogates, not nested too deep"
    return f"must be at most {MAX_METADATA_BYTES} bytes as JSON" if size > MAX_METADATA_BYTES else None
