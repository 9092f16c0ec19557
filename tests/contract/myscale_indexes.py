"""The stand-in's vector indexes: types, parameters, and the parts of a table that they cover."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from embedded.catalogue_server.errors import Code, refusal

Building = Literal["soon", "held", "failing"]

_METRICS = frozenset({"L2", "COSINE", "IP"})
_HNSW = {"m": (8, 128), "ef_c": (16, 1024), "ef_s": (16, 1024)}
_IVF = {"ncentroids": (1, 1 << 20), "nprobe": (1, 1 << 20)}
_ALPHA = {"alpha": (1, 4)}
_BIT_SIZES = frozenset({"4bit", "6bit", "8bit", "8bit_uniform", "8bit_direct", "4bit_uniform", "QT_fp16"})
# Valid parameters by type, for building and searching: a range, or `_BIT_SIZES`.
_PARAMETERS: dict[str, Mapping[str, object]] = {
    "FLAT": {},
    "IVFFLAT": _IVF,
    "IVFPQ": {**_IVF, "M": (0, 2**31 - 1), "bit_size": (2, 12)},
    "IVFSQ": {**_IVF, "bit_size": _BIT_SIZES},
    "HNSWFLAT": _HNSW,
    "HNSWSQ": {**_HNSW, "bit_size": _BIT_SIZES},
}
# Long enough that a test which reads the status right away sees `InProgress`.
_BUILD_SECONDS = 0.3


def index_types(cloud: bool) -> dict[str, Mapping[str, object]]:
    """The cloud's build has MSTG but not SCANN, the open-source build SCANN but not MSTG."""
    return {**_PARAMETERS, "MSTG" if cloud else "SCANN": _ALPHA}


def check_parameters(given: Sequence[str], kind: str, types: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """The parameters as a dictionary, from `'key=value'` strings or one JSON string; rejected as the server does."""
    known = types.get(kind)
    if known is None:
        raise refusal(Code.BAD_ARGUMENTS, f"Unknown vector index type `{kind}`, valid are {sorted(types)}")
    found = _json(given[0]) if len(given) == 1 and "=" not in given[0] else dict(map(_pair, given))
    for key, value in found.items():
        if key == "metric_type":
            if value.upper() not in _METRICS:
                raise refusal(Code.BAD_ARGUMENTS, f"Value for parameter `metric_type` should be one of {_METRICS}")
        elif key not in known:
            raise refusal(Code.BAD_ARGUMENTS, f"Unsupported argument `{key}` on vector index `{kind}`")
        else:
            _check_value(key, value, known[key])
    return found


def _json(text: str) -> dict[str, str]:
    try:
        return {key: str(value) for key, value in json.loads(text).items()}
    except ValueError:
        raise refusal(Code.BAD_ARGUMENTS, "JSON parameters to vector index must have a `{` and `}`") from None


def _pair(text: str) -> tuple[str, str]:
    key, equals, value = text.replace(" ", "").partition("=")
    if not equals or "=" in value:
        raise refusal(Code.BAD_ARGUMENTS, "Key-value String parameter to vector index has only one `=`")
    if not key or not value:
        raise refusal(Code.BAD_ARGUMENTS, "parameters' key or value may be empty")
    return key, value


def _check_value(key: str, value: str, allowed: object) -> None:
    if isinstance(allowed, frozenset):
        if value not in allowed:
            raise refusal(Code.BAD_ARGUMENTS, f"Value for parameter `{key}` should be one of {sorted(allowed)}")
        return
    low, high = allowed  # type: ignore[misc]
    if not re.fullmatch(r"-?\d+(\.\d+)?", value):
        raise refusal(Code.BAD_ARGUMENTS, f"Value for parameter `{key}` can't be string")
    if not low <= float(value) <= high:
        raise refusal(Code.BAD_ARGUMENTS, f"Value for parameter `{key}` range needs to be {low}~{high}.")


@dataclass
class VectorIndex:
    """One index of one table."""

    table: str
    name: str
    column: str
    kind: str
    expression: str
    metric: str | None
    parts: dict[str, float] = field(default_factory=dict)
    """The table's parts by name, and when each was first seen."""
    built: set[str] = field(default_factory=set)
    failed: tuple[str, str] = ("", "")
    """The part that failed last, and the reason. Never cleared: the strictest reading of the sources."""

    def status(self) -> str:
        """`Error` for as long as parts are missing, if any part ever failed; as the server computes it."""
        if self.built >= self.parts.keys():
            return "Built"
        return "Error" if self.failed[0] else "InProgress"


class Indexes:
    """All indexes by table: one per table, which is the documented limit. `building` decides how builds proceed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._indexes: dict[str, VectorIndex] = {}
        self.building: Building = "soon"
        self.reason = ""

    def add(self, index: VectorIndex) -> None:
        with self._lock:
            if index.table in self._indexes:
                raise refusal(Code.BAD_ARGUMENTS, f"The table {index.table} has a vector index already")
            self._indexes[index.table] = index

    def drop(self, table: str, name: str) -> None:
        with self._lock:
            if table not in self._indexes or self._indexes[table].name != name:
                raise refusal(Code.BAD_ARGUMENTS, f"There is no vector index {name} on {table}")
            del self._indexes[table]

    def forget(self, table: str) -> None:
        with self._lock:
            self._indexes.pop(table, None)

    def of(self, table: str) -> VectorIndex | None:
        return self._indexes.get(table)

    def all(self) -> list[VectorIndex]:
        return list(self._indexes.values())

    def see(self, index: VectorIndex, parts: Sequence[str], finish: bool = False) -> None:
        """Update the table's parts, and build the parts that are due; with `finish`, all of them."""
        with self._lock:
            now = time.monotonic()
            index.parts = {part: index.parts.get(part, now) for part in parts}
            index.built &= index.parts.keys()
            missing = index.parts.keys() - index.built
            if self.building == "failing" and missing and not finish:
                index.failed = (min(missing), self.reason)
            elif finish or self.building == "soon":
                due = {part for part in missing if finish or now - index.parts[part] > _BUILD_SECONDS}
                index.built |= due
