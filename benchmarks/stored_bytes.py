"""Disk space of the engine's active parts, by the names of their folders."""

import re
from dataclasses import dataclass
from pathlib import Path

_PART_NAME = re.compile(r"all_(\d+)_(\d+)_(\d+)(?:_(\d+))?")


@dataclass(frozen=True)
class _Part:
    """A data part: the range of its block numbers, and its (merge level, mutation)."""

    path: Path
    first: int
    last: int
    age: tuple[int, int]

    def replaces(self, other: "_Part") -> bool:
        is_same_table = self.path.parent == other.path.parent
        return is_same_table and self.first <= other.first and self.last >= other.last and self.age > other.age


def stored_bytes(folder: Path) -> tuple[int, int]:
    """Bytes of rows and of indexes. Replaced parts do not count: the engine deletes them some minutes later."""
    parts = [
        _Part(path, int(match[1]), int(match[2]), (int(match[3]), int(match[4] or 0)))
        for path in folder.rglob("all_*")
        if (match := _PART_NAME.fullmatch(path.name))
    ]
    active = [part for part in parts if not any(other.replaces(part) for other in parts)]
    files = [file for part in active for file in part.path.rglob("*") if file.is_file()]
    index = sum(file.stat().st_size for file in files if file.name.startswith("skp_idx_"))
    return sum(file.stat().st_size for file in files) - index, index
